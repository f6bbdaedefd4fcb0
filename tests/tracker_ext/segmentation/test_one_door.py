"""`run_annotate.py video`, `run_annotate.py folder` and the call from Python treat the same boxes alike."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from miniatures.job_files import annotate, failures, finished, wandering_boxes, write_boxes, write_frames

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.coco import CocoVideoSource
from tracker_ext.segmentation import masks_from_boxes
from tracker_ext.segmentation.annotate_video import agreement

NUM_FRAMES = 8


@pytest.fixture
def frames(tmp_path) -> Path:
    write_frames(tmp_path / "clip", [f"{i:05d}.png" for i in range(NUM_FRAMES)])
    return tmp_path / "clip"


@pytest.fixture
def options(tiny_weights) -> tuple[str | Path, ...]:
    return ("--weights", tiny_weights, "--frames", "3", "--interval", "2")


def table(path: Path, *numbers: int) -> Path:
    rows = [
        ",".join(map(str, (i, 1, *box))) for i, box in enumerate(wandering_boxes(NUM_FRAMES).tolist()) if i in numbers
    ]
    path.write_text("\n".join(["frame,object,x,y,w,h", *rows]) + "\n")
    return path


def test_the_same_masks_from_every_door(frames, tmp_path, options, tiny_weights, capsys):
    boxes = table(tmp_path / "b.csv", 0, 2, 5)
    assert annotate("video", frames, "--boxes", boxes, "--out", tmp_path / "video", *options) == 0
    said = capsys.readouterr()
    assert annotate("folder", frames, "--boxes", boxes, "--out", tmp_path / "folder", *options) == 0
    assert "note: clip: 2 frames beyond the last box have no masks; run_annotate.py" in capsys.readouterr().err
    assert "note: 2 frames beyond the last box have no masks; run_annotate.py" in said.err
    assert "2 frames without a box left empty" in said.out
    from_python = list(masks_from_boxes(frames, boxes, tiny_weights, num_frames=3, interval=2))
    assert "clip: 2 frames beyond the last box" in capsys.readouterr().err
    sizes = []
    for index, result in enumerate(from_python):
        mask = read_mask(tmp_path / f"video/masks/{index:05d}.png")
        np.testing.assert_array_equal(mask, read_mask(tmp_path / f"folder/davis/Annotations/480p/clip/{index:05d}.png"))
        np.testing.assert_array_equal(mask, result.labels)
        sizes.append(int(mask.sum()))
    assert all(sizes[:6]) and not any(sizes[6:]), "gaps are filled, nothing is invented behind the last box"
    notes = json.loads((tmp_path / "folder/sequences/clip.json").read_text())["notes"]
    assert len(notes) == 1 and "beyond the last box" in notes[0]


def test_a_bad_box_is_refused_or_skipped(frames, tmp_path, options, tiny_weights, capsys):
    boxes = wandering_boxes(NUM_FRAMES)
    boxes[3] = (90, 6, 24, 20)
    write_boxes(tmp_path / "b.txt", boxes)
    assert annotate("video", frames, "--boxes", tmp_path / "b.txt", "--out", tmp_path / "video", *options) == 2
    assert "clip frame 3: box (90, 6, 24, 20) lies wholly outside the 64x48 image" in capsys.readouterr().err
    for given in (tmp_path / "b.txt", boxes):
        with pytest.raises(UserError, match=r"clip frame 3: box \(90, 6, 24, 20\)"):
            masks_from_boxes(frames, given, tiny_weights)
    assert annotate("folder", frames, "--boxes", tmp_path / "b.txt", "--out", tmp_path / "folder", *options) == 0
    assert "1 unusable box left out" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["video", "folder"])
def test_boxes_in_parts_of_the_frame_are_refused(frames, tmp_path, options, kind, capsys):
    write_boxes(tmp_path / "b.txt", np.tile([0.2, 0.2, 0.5, 0.5], (NUM_FRAMES, 1)))
    assert annotate(kind, frames, "--boxes", tmp_path / "b.txt", "--out", tmp_path / "out", *options) == 2
    assert "are parts of the frame" in capsys.readouterr().err


def test_more_objects_than_masks_of_a_video_hold(frames, tmp_path, options, capsys):
    rows = [f"{1 + i % NUM_FRAMES},{i},{1 + i % 40},5,9,9,1,1,1" for i in range(1, 301)]
    (tmp_path / "b.txt").write_text("\n".join(rows) + "\n")
    assert annotate("video", frames, "--boxes", tmp_path / "b.txt", "--out", tmp_path / "out", *options) == 2
    assert "300 objects; masks of one video hold 254" in capsys.readouterr().err


def test_counts_that_differ_are_refused_before_any_work(frames, tiny_weights):
    with pytest.raises(UserError, match="8 frames for 7 boxes"):
        masks_from_boxes(frames, wandering_boxes(7), tiny_weights)


def test_inputs_without_boxes_are_said(frames, tmp_path, options, capsys):
    write_boxes(tmp_path / "clip.txt", wandering_boxes(NUM_FRAMES))
    write_frames(tmp_path / "other", ["1.png"])
    (tmp_path / "film.mp4").touch()
    assert annotate("folder", tmp_path, "--out", tmp_path.with_name(f"{tmp_path.name}_out"), *options) == 0
    said = capsys.readouterr()
    assert "skipped: other: 1 picture and no box file" in said.err
    assert "skipped: film.mp4: a video and no box file" in said.err
    assert "skipped 2 inputs without usable boxes" in said.out


def test_names_that_cannot_be_do_not_stop_the_others(tmp_path, options, capsys):
    root = tmp_path / "in"
    write_frames(root / "s", ["1.jpg"])
    names = ["good", "a\rb", "half\ud800", "x" * 300, "caf\udce9"]
    videos = [{"id": i, "name": name, "file_names": ["s/1.jpg"]} for i, name in enumerate(names)]
    annotations = [{"id": i, "video_id": i, "bboxes": [[8, 6, 24, 20]]} for i in range(len(names))]
    (tmp_path / "b.json").write_text(json.dumps({"videos": videos, "annotations": annotations}))
    assert CocoVideoSource(root, tmp_path / "b.json").names() == names
    for _ in range(2):
        assert annotate("folder", root, "--boxes", tmp_path / "b.json", "--out", tmp_path / "out", *options) == 1
    assert set(finished(tmp_path / "out")) >= {"good", "a\rb"}
    assert len(failures(tmp_path / "out")) == len(names) - len(finished(tmp_path / "out"))
    assert (tmp_path / "out/report.html").is_file()
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_whose_name_is_no_utf_8(tmp_path, options, capsys):
    root = tmp_path / "in"
    for name in ("a", "b"):
        write_frames(root / name, ["1.jpg"])
        write_boxes(root / name / "groundtruth.txt", wandering_boxes(1))
    os.rename(root / "a", os.fsencode(root) + b"/caf\xe9")
    assert annotate("folder", root, "--out", tmp_path / "out", *options) in (0, 1)
    assert "b" in finished(tmp_path / "out") and (tmp_path / "out/report.html").is_file()
    assert "Traceback" not in capsys.readouterr().err


def test_frames_of_two_folders_get_a_mask_each(tmp_path, options):
    root = tmp_path / "in"
    files = [f"{folder}/{name}" for folder in "ab" for name in ("00001.jpg", "00002.jpg")]
    for folder in "ab":
        write_frames(root / folder, ["00001.jpg", "00002.jpg"])
    video = {"id": 1, "name": "v", "file_names": files}
    annotations = [{"id": 1, "video_id": 1, "bboxes": [[8, 6, 24, 20]] * 4}]
    (tmp_path / "b.json").write_text(json.dumps({"videos": [video], "annotations": annotations}))
    out = tmp_path / "out"
    code = annotate(
        "folder", root, "--boxes", tmp_path / "b.json", "--out", out, "--format", "upstream,ytvos", *options
    )
    assert code == 0
    for folder in ("upstream/v", "ytvos/Annotations/v", "ytvos/JPEGImages/v"):
        assert len(list((out / folder).iterdir())) == 4, folder


@pytest.mark.parametrize("iou, low", [(0.98, False), (0.7, False), (0.48, True)])
def test_masks_that_do_not_fit_their_boxes_are_called_low(iou, low):
    assert ("(low: " in agreement(iou)) == low
