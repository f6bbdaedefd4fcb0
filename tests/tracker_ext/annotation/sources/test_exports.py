"""Exports of annotation tools beside frames: found, read, and their changes noticed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from miniatures.box_exports import LINE, cvat, labelme, shape, track, voc, voc_object, yolo
from miniatures.box_exports import box as cvat_box
from miniatures.job_files import write_frames
from miniatures.videos import write_video

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.segmentation.clip import load_clip

SIZE = (100, 200)
NAMES = [f"f{i}.jpg" for i in range(4)]
STEMS = ["f0", "f2"]


def make_labelme(root):
    write_frames(root / "s", NAMES, SIZE)
    return labelme(root / "s", {stem: [shape([[10, 20], [40, 60]], group=1)] for stem in STEMS}), "s"


def make_yolo(root):
    write_frames(root / "images/s", NAMES, SIZE)
    return yolo(root / "labels/s", dict.fromkeys(STEMS, LINE)), "images/s"


def make_voc(root):
    write_frames(root / "Data/VID/train/s", NAMES, SIZE)
    objects = dict.fromkeys(STEMS, voc_object("<trackid>0</trackid>"))
    return voc(root / "Annotations/VID/train/s", objects), "Data/VID/train/s"


@pytest.mark.parametrize("make", [make_labelme, make_yolo, make_voc])
def test_a_file_for_each_frame(tmp_path, make):
    folder, name = make(tmp_path)
    source = open_folder(tmp_path, None)
    assert source.names() == [name]
    sequence = source.load(name)
    assert sequence.boxes[1][[0, 2]].tolist() == [[10, 20, 30, 40]] * 2
    assert np.isnan(sequence.boxes[1][[1, 3]]).all() and not sequence.absent[1].any()
    assert {path.parent for path in source.box_files(name) if path.exists()} == {folder}


def test_xml_beside_a_video(tmp_path):
    write_video(tmp_path / "clip.mp4", 4, SIZE)
    (tmp_path / "clip.xml").write_text(cvat(track(cvat_box(0, 0) + cvat_box(3, 30))))
    sequence = open_folder(tmp_path, None).load("clip")
    assert sequence.boxes[1].tolist() == [[10 * i, 20, 30, 40] for i in range(4)]
    assert sequence.objects == {1: "car 0"}
    same = load_clip(tmp_path / "clip.mp4", (tmp_path / "clip.xml",))
    np.testing.assert_array_equal(same.boxes[1], sequence.boxes[1])


def test_given_by_name(tmp_path):
    """`--boxes` takes a folder, and json of one clip, as well as json that names the clips itself."""
    folder, _ = make_yolo(tmp_path)
    frames = tmp_path / "images/s"
    assert open_folder(frames, folder).load("s").boxes[1][0].tolist() == [10, 20, 30, 40]
    one = {"data": {"video": "x.mp4"}, "annotations": [{"result": [{"value": {"labels": ["a"], "sequence": [
        {"frame": 1, "enabled": True, "x": 5, "y": 20, "width": 15, "height": 40, "rotation": 0}
    ]}}]}]}  # fmt: skip
    (tmp_path / "studio.json").write_text(json.dumps([one]))
    assert open_folder(frames, tmp_path / "studio.json").load("s").boxes[1][3].tolist() == [10, 20, 30, 40]
    with pytest.raises(UserError, match=r"--boxes .*nothing: does not exist"):
        open_folder(frames, tmp_path / "nothing")


def test_frames_in_an_archive_are_refused(tmp_path):
    (tmp_path / "task.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match="is a zip archive; unpack it"):
        open_folder(tmp_path / "task.zip", None)
    with pytest.raises(UserError, match="is a zip archive; unpack it"):
        load_clip(tmp_path / "task.zip", (tmp_path / "a.xml",))


def test_sizes_that_differ_from_frame_to_frame(tmp_path):
    """Parts of a frame are parts of that frame."""
    write_frames(tmp_path / "s", ["f0.jpg"], SIZE)
    write_frames(tmp_path / "s", ["f1.jpg"], (50, 100))
    yolo(tmp_path / "labels", {"f0": LINE, "f1": LINE})
    sequence = open_folder(tmp_path / "s", tmp_path / "labels").load("s")
    assert sequence.boxes[1].tolist() == [[10, 20, 30, 40], [5, 10, 15, 20]]
