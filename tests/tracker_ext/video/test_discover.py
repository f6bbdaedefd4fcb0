"""Which frames and which boxes belong together, by where they lie and how they are called."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.folder import FolderSource
from tracker_ext.video.discover import discover, discover_frames


def touch(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def pairs(root: Path) -> dict[str, tuple[str, list[str]]]:
    """Name -> (frames, box files), below the root."""
    return {
        name: (os.path.relpath(clip.frames, root), [os.path.relpath(path, root) for path in clip.box_files])
        for name, clip in discover(root).clips.items()
    }


@pytest.mark.parametrize(
    ("files", "name", "frames", "boxes"),
    [
        pytest.param(["s/1.jpg", "s/groundtruth.txt"], "s", "s", ["s/groundtruth.txt"], id="GOT-10k"),
        pytest.param(["s/1.JPG", "s/Groundtruth.TXT"], "s", "s", ["s/Groundtruth.TXT"], id="capitals"),
        pytest.param(["a/b/s/img/1.jpg", "a/b/s/boxes.csv"], "a/b/s", "a/b/s/img", ["a/b/s/boxes.csv"], id="deep"),
        pytest.param(["s/img1/1.jpg", "s/gt/gt.txt", "s/det/det.txt"], "s", "s/img1", ["s/gt/gt.txt"], id="MOT"),
        pytest.param(["s/img1/1.jpg", "s/det/det.txt"], "s", "s/img1", ["s/det/det.txt"], id="MOT test"),
        pytest.param(["s/color/1.jpg", "s/groundtruth.txt"], "s", "s/color", ["s/groundtruth.txt"], id="VOT"),
        pytest.param(["s/img/1.jpg", "s/groundtruth_rect.txt"], "s", "s/img", ["s/groundtruth_rect.txt"], id="OTB"),
        pytest.param(
            ["s/img/1.jpg", "s/groundtruth_rect.2.txt", "s/groundtruth_rect.1.txt", "s/groundtruth_rect.10.txt"],
            "s", "s/img", [f"s/groundtruth_rect.{i}.txt" for i in (1, 2, 10)], id="OTB with several targets",
        ),
        pytest.param(["s/clip.mp4", "s/groundtruth.txt"], "s", "s/clip.mp4", ["s/groundtruth.txt"], id="own folder"),
        pytest.param(["s/video/c.mp4", "s/boxes.csv"], "s", "s/video/c.mp4", ["s/boxes.csv"], id="in video/"),
        pytest.param(["s/1.jpg", "s/s.txt"], "s", "s", ["s/s.txt"], id="boxes called like the folder"),
        pytest.param(["s/img/1.jpg", "s/GT.csv"], "s", "s/img", ["s/GT.csv"], id="gt.csv"),
        pytest.param(["c.mp4", "c.txt"], "c", "c.mp4", ["c.txt"], id="video beside boxes"),
        pytest.param(["GOPR1.MP4", "GOPR1.TXT"], "GOPR1", "GOPR1.MP4", ["GOPR1.TXT"], id="of a camera"),
        pytest.param(["c.mov", "gt/c.csv"], "c", "c.mov", ["gt/c.csv"], id="boxes in gt"),
        pytest.param(["c/1.jpg", "c.txt"], "c", "c", ["c.txt"], id="folder beside boxes"),
        pytest.param(["c/img/1.jpg", "c.csv"], "c", "c/img", ["c.csv"], id="its pictures in img"),
        pytest.param(["frames/c/1.jpg", "anno/c.txt"], "frames/c", "frames/c", ["anno/c.txt"], id="TrackingNet"),
        pytest.param(["a/sequences/c/1.jpg", "a/annotations/c.txt"], "a/sequences/c", "a/sequences/c",
                     ["a/annotations/c.txt"], id="VisDrone"),
        pytest.param(["data_seq/UAV/c/1.jpg", "anno/UAV/c.txt", "anno/UAV/d.txt"], "data_seq/UAV/c", "data_seq/UAV/c",
                     ["anno/UAV/c.txt"], id="UAV123"),
        pytest.param(
            ["image_02/0000/000000.png", "label_02/0000.txt"], "image_02/0000", "image_02/0000",
            ["label_02/0000.txt"], id="KITTI",
        ),
        pytest.param(["c.mp4", "annotations.xml"], "ROOT", "c.mp4", ["annotations.xml"], id="CVAT's XML, a video"),
        pytest.param(["s/annotations.xml", "s/images/1.jpg"], "s", "s/images", ["s/annotations.xml"], id="CVAT's XML"),
        pytest.param(["c.mp4", "c.xml"], "c", "c.mp4", ["c.xml"], id="XML beside a video"),
        pytest.param(["c.mp4", "labels/c.json"], "c", "c.mp4", ["labels/c.json"], id="Label Studio's json"),
        pytest.param(["c.mp4", "c.zip"], "c", "c.mp4", ["c.zip"], id="an export beside a video"),
        pytest.param(
            ["s/images/1.jpg", "s/annotations/instances_default.json"], "s", "s/images",
            ["s/annotations/instances_default.json"], id="COCO's folders",
        ),
        pytest.param(["s/1.jpg", "s/2.jpg", "s/1.json", "s/notes.json"], "s", "s", ["s"], id="LabelMe"),
        pytest.param(["s/images/1.jpg", "s/labels/1.txt", "s/classes.txt"], "s", "s/images", ["s/labels"], id="YOLO"),
        pytest.param(["images/a/1.jpg", "labels/a/1.txt"], "images/a", "images/a", ["labels/a"], id="YOLO, below"),
        pytest.param(["JPEGImages/1.jpg", "Annotations/1.xml"], "ROOT", "JPEGImages", ["Annotations"], id="VOC"),
        pytest.param(
            ["Data/VID/train/a/000000.JPEG", "Annotations/VID/train/a/000000.xml"], "Data/VID/train/a",
            "Data/VID/train/a", ["Annotations/VID/train/a"], id="ImageNet-VID",
        ),
        pytest.param(["c.mp4", "labels/c/c_1.txt"], "c", "c.mp4", ["labels/c"], id="YOLO of a video"),
        pytest.param(["c.mp4", "gt/gt.txt", "gt/labels.txt"], "ROOT", "c.mp4", ["gt/gt.txt"], id="CVAT's MOT, a video"),
        pytest.param(["1.jpg", "boxes.txt"], "ROOT", ".", ["boxes.txt"], id="the root itself"),
        pytest.param(["s/1.heic", "s/groundtruth.txt"], "s", "s", ["s/groundtruth.txt"], id="pictures to be refused"),
    ],
)  # fmt: skip
def test_layouts(tmp_path, files, name, frames, boxes):
    touch(tmp_path, *files)
    assert pairs(tmp_path) == {name.replace("ROOT", tmp_path.name): (frames, boxes)}
    assert discover(tmp_path).skipped == {}


def test_frames_without_boxes_are_named(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/groundtruth.txt", "b/1.jpg", "b/2.jpg", "c.mp4", ".hidden/1.jpg", "notes/readme.txt")
    found = discover(tmp_path)
    assert list(found.clips) == ["a"]
    assert found.skipped == {"b": "2 pictures and no box file", "c.mp4": "a video and no box file"}


def test_a_box_file_without_frames_fails_by_name(tmp_path):
    touch(tmp_path, "a/groundtruth.txt")
    with pytest.raises(UserError, match=r"a: folder .* has no frames"):
        FolderSource(tmp_path).load("a")


def test_masks_and_lists_are_no_boxes(tmp_path):
    touch(tmp_path, "JPEGImages/480p/a/0.jpg", "Annotations/480p/a/0.png", "ImageSets/480p/train.txt")
    assert list(discover(tmp_path).clips) == []
    touch(tmp_path, "s/images/train.jpg", "s/labels/train.txt", "s/labels/classes.txt")
    assert list(discover(tmp_path).clips) == []


def test_no_boxes_at_all(tmp_path):
    touch(tmp_path, "a/1.jpg")
    with pytest.raises(UserError, match=r"no sequence has boxes \(a: 1 picture and no box file\); give groundtruth"):
        FolderSource(tmp_path).names()


def test_tables_of_unknown_names_are_told(tmp_path):
    touch(tmp_path, "s/1.jpg", "s/notes.txt", "a/a.txt", "a/annotations.txt", "b/1.jpg", "b/boxes.txt")
    found = discover(tmp_path)
    assert list(found.clips) == ["b"], "annotations.txt without frames is somebody else's"
    assert found.skipped == {"s": "1 picture and no box file of a known name (notes.txt)"}


def test_two_videos_and_one_box_file(tmp_path):
    touch(tmp_path, "s/a.mp4", "s/b.mp4", "s/groundtruth.txt", "t/a.mp4", "t/b.mp4", "t/b.txt", "t/groundtruth.txt")
    found = discover(tmp_path)
    assert "2 videos and one groundtruth.txt" in found.skipped["s"]
    assert {name: clip.frames.name for name, clip in found.clips.items()} == {"t": "a.mp4", "t/b": "b.mp4"}


def test_pictures_of_a_video_beside_it(tmp_path):
    touch(tmp_path, "c.mp4", "c/1.jpg", "c.txt", "d.mp4", "d/1.jpg", "d/groundtruth.txt", "d.txt")
    found = discover(tmp_path)
    assert {name: clip.frames.name for name, clip in found.clips.items()} == {"c": "c", "d": "d", "d.mp4": "d.mp4"}
    assert found.skipped == {"c.mp4": "its boxes c.txt are those of c, too"}


def test_more_box_files_than_are_used_are_named(tmp_path):
    touch(tmp_path, "s/1.jpg", "s/groundtruth.txt", "s/boxes.csv", "c.mp4", "c.csv", "c.txt")
    found = discover(tmp_path).clips
    assert found["s"].notes == ("boxes of groundtruth.txt, not of boxes.csv",)
    assert found["c"].notes == ("boxes of c.csv, not of c.txt",)


def test_names_that_differ_in_case_alone(tmp_path):
    touch(tmp_path, "a.mp4", "a.txt", "A.mp4", "A.TXT", "s/1.jpg", "s/boxes.txt", "S/1.jpg", "S/boxes.txt")
    assert sorted(pairs(tmp_path)) == ["A", "S", "a", "s"]
    assert pairs(tmp_path)["A"] == ("A.mp4", ["A.TXT"])


def test_a_sequence_called_like_the_root(tmp_path):
    root = tmp_path / "set"
    touch(root, "1.jpg", "boxes.txt", "set/1.jpg", "set/boxes.txt")
    assert pairs(root) == {".": (".", ["boxes.txt"]), "set": ("set", ["set/boxes.txt"])}


def test_links_are_followed_once(tmp_path):
    root = tmp_path / "set"
    touch(tmp_path / "store", "b/1.jpg", "b/groundtruth.txt", "c/1.jpg")
    touch(root, "z/1.jpg", "z/groundtruth.txt", "c1.txt", "c2.txt")
    for name, target in {
        "b": "../store/b", "a": "z", "round": ".", "z/up": "..", "c1": "../store/c", "c2": "../store/c", "dead": "no"
    }.items():  # fmt: skip
        (root / name).symlink_to(target, target_is_directory=True)
    found = discover(root)
    assert {name: clip.frames.name for name, clip in found.clips.items()} == {
        "b": "b",
        "z": "z",
        "c1": "c1",
        "c2": "c1",
    }
    assert found.skipped == {"a": "the same folder as z"}


def test_what_an_earlier_run_wrote_is_no_input(tmp_path):
    touch(tmp_path, "c.mp4", "c.txt")
    files = ["masks/1.png", "boxes.txt", "overlay.mp4"]
    touch(tmp_path, *(f"c_masks/{file}" for file in files), *(f"older/{file}" for file in files))
    touch(tmp_path, *(f"without_overlay/{file}" for file in files[:2]))
    (tmp_path / "c_masks/result.json").write_text(json.dumps({"files": files}))
    touch(tmp_path, "set_masks/davis/Annotations/480p/s/1.png", "set_masks/sequences/s.json")
    (tmp_path / "set_masks/settings.json").write_text(json.dumps({"dataset": 1, "formats": 1, "weights_hash": 1}))
    assert list(pairs(tmp_path)) == ["c"]
    assert discover(tmp_path).skipped == {}
    assert discover_frames(tmp_path / "set_masks") is None


@pytest.mark.parametrize("content", ['{"files": ["1.jpg"]}', "[" * 100000, "{}", '{"files": [1]}', "no json"])
def test_a_result_of_the_users_hides_nothing(tmp_path, content):
    touch(tmp_path, "s/1.jpg", "s/boxes.txt", "s/masks/1.png", "settings.json", "sequences/t/1.jpg", "sequences/t.txt")
    (tmp_path / "s/result.json").write_text(content)
    assert list(pairs(tmp_path)) == ["s", "sequences/t"]


def test_an_earlier_result_beside_its_own_video(tmp_path):
    touch(tmp_path, "s/clip.mp4", "s/clip.txt", "s/masks/1.png", "s/boxes.txt", "s/overlay.mp4")
    (tmp_path / "s/result.json").write_text(json.dumps({"files": ["masks/1.png", "boxes.txt", "overlay.mp4"]}))
    assert pairs(tmp_path) == {"s/clip": ("s/clip.mp4", ["s/clip.txt"])}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/boxes.txt", "b/1.jpg")
    (tmp_path / "b").chmod(0)
    assert "cannot be read" in discover(tmp_path).skipped["b"]


@pytest.mark.parametrize(
    ("files", "frames"),
    [
        (["1.jpg", "c.mp4"], "."),
        (["img/1.jpg", "c.mp4"], "img"),
        (["c.mp4"], "c.mp4"),
        (["video/c.mp4"], "video/c.mp4"),
        (["a.mp4", "c.mp4"], None),
        (["s/1.jpg"], None),
    ],
)
def test_frames_of_one_clip(tmp_path, files, frames):
    touch(tmp_path, *files)
    assert discover_frames(tmp_path) == (None if frames is None else tmp_path / frames)
