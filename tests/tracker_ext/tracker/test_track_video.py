"""Tracking a video of one's own: what a tracker is told, and what is written."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.segmentation.prompts import Prompts
from tracker_ext.tracker.track_video import track_video
from tracker_ext.video.box_files import read_boxes


class Follower(BaseTracker):
    """Moves its box one pixel to the right per frame; the mask fills the box. Takes several objects at once."""

    def initialize(self, image, info):
        self.boxes = info["init_bbox"] if "init_object_ids" in info else {"1": info["init_bbox"]}
        self.boxes = {name: np.array(box) for name, box in self.boxes.items()}
        self.many = "init_object_ids" in info
        return self.answer(image)

    def track(self, image, info=None):
        assert "target_bbox" in info["previous_output"]
        self.boxes = {name: box + np.array([1, 0, 0, 0]) for name, box in self.boxes.items()}
        return self.answer(image)

    def answer(self, image):
        labels = np.zeros(image.shape[:2], np.uint8)
        for name, box in self.boxes.items():
            x, y, w, h = box.astype(int)
            labels[y : y + h, x : x + w] = int(name)
        boxes = {name: box.tolist() for name, box in self.boxes.items()}
        return {"target_bbox": boxes if self.many else boxes["1"], "segmentation": labels}


class SingleFollower(Follower):
    """The same, one object each."""

    multiobj_mode = "parallel"


class BoxFollower(Follower):
    """Gives no masks."""

    def answer(self, image):
        return {"target_bbox": super().answer(image)["target_bbox"]}


class Handle:
    """What `track_video` needs of a tracker handle."""

    def __init__(self, tracker_class):
        self.tracker_class = tracker_class

    def get_parameters(self):
        return TrackerParams()


def first(*boxes):
    """Objects 1, 2, ... on the first frame."""
    return Prompts({i: {0: np.array(box, float)} for i, box in enumerate(boxes, start=1)})


@pytest.fixture
def video(tmp_path):
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.full((48, 64, 3), 40 * number, np.uint8))
    return folder


def test_one_object(video, tmp_path, capsys):
    out = tmp_path / "out"
    track_video(Handle(Follower), video, first((10, 8, 20, 16)), out, {"precision": "bf16"})
    result = json.loads((out / "result.json").read_text())
    assert result["precision"] == "bf16" and "boxes.txt" in result["files"]
    names = ["boxes.txt", "given_boxes.csv", "masks", "overlay.mp4", "result.json"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert read_boxes(out / "given_boxes.csv", 3)[1][0].tolist() == [10, 8, 20, 16]
    assert (out / "boxes.txt").read_text().split() == ["10,8,20,16", "11,8,20,16", "12,8,20,16"]
    assert sorted(path.stem for path in (out / "masks").iterdir()) == ["00000", "00001", "00002"]
    assert np.argwhere(read_mask(out / "masks" / "00002.png")).min(axis=0).tolist() == [8, 12]
    assert str(out) in capsys.readouterr().out


@pytest.mark.parametrize("tracker_class", [Follower, SingleFollower])
def test_two_objects(video, tmp_path, tracker_class):
    out = tmp_path / "out"
    track_video(Handle(tracker_class), video, first((0, 8, 20, 16), (30, 8, 20, 16)), out)
    assert sorted(path.name for path in out.iterdir()) == [
        "boxes_1.txt", "boxes_2.txt", "given_boxes.csv", "masks", "overlay.mp4", "result.json"
    ]  # fmt: skip
    assert (out / "boxes_2.txt").read_text().split() == ["30,8,20,16", "31,8,20,16", "32,8,20,16"]
    labels = read_mask(out / "masks" / "00001.png")
    assert (labels[8:24, 1:21] == 1).all()
    assert (labels[8:24, 31:51] == 2).all()


@pytest.mark.parametrize(
    ("tracker_class", "boxes", "message"),
    [
        pytest.param(Follower, [(70, 8, 20, 16)], r"frame 0 object 1: box .* lies wholly outside", id="outside"),
        pytest.param(Follower, [(1, 8, 9, 9), (1, 8, 9, 0)], "object 2: .* no area", id="no area"),
        pytest.param(Follower, [], "no object; give its box as --box x,y,w,h", id="no box"),
        pytest.param(Follower, [(1, 8, 9, 9)] * 255, "object 255; masks of one video hold 1 to 254", id="too many"),
        pytest.param(BoxFollower, [(10, 8, 20, 16)], "gives no masks", id="a tracker of boxes"),
    ],
)
def test_refused_with_nothing_written(video, tmp_path, tracker_class, boxes, message):
    with pytest.raises(UserError, match=message):
        track_video(Handle(tracker_class), video, first(*boxes), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["walk"]


class Counting(Follower):
    """Remembers how many frames it saw."""

    seen = 0

    def track(self, image, info=None):
        type(self).seen += 1
        return super().track(image, info)


def test_a_bad_frame_late_in_a_clip_costs_its_own_masks_alone(video, tmp_path, capsys):
    for number in range(3, 6):
        cv2.imwrite(str(video / f"{number:05d}.png"), np.full((48, 64, 3), 40, np.uint8))
    (video / "00004.png").write_bytes((video / "00004.png").read_bytes()[:60])
    Counting.seen = 0
    out = tmp_path / "out"
    damage = track_video(Handle(Counting), video, first((10, 8, 20, 16)), out)
    assert (
        damage.startswith("walk: 1 frame of 6 cannot be read (4, from 0); its mask is empty: ")
        and "00004.png" in damage
    )
    assert "\n" not in damage and Counting.seen == 4, "the tracker goes on behind it"
    assert (out / "boxes.txt").read_text().split()[3:] == ["13,8,20,16", "nan,nan,nan,nan", "14,8,20,16"]
    assert not read_mask(out / "masks" / "00004.png").any() and read_mask(out / "masks" / "00005.png").any()


def test_without_its_first_frame_nothing_is_tracked(video, tmp_path):
    (video / "00000.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"00000\.png cannot be decoded"):
        track_video(Handle(Follower), video, first((10, 8, 20, 16)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_are_tracked_as_people_see_them(video, tmp_path, capsys):
    exif = Image.Exif()
    exif[0x112] = 6
    for path in video.iterdir():
        Image.open(path).save(path, exif=exif)
    assert track_video(Handle(Follower), video, first((10, 40, 20, 16)), tmp_path / "out") == ""
    assert read_mask(tmp_path / "out/masks/00000.png").shape == (64, 48)
    assert "3 of 3 pictures are turned as their EXIF orientation says" in capsys.readouterr().err


def test_an_object_that_enters_late_is_absent_before(video, tmp_path, capsys):
    prompts = Prompts({1: {1: np.array([10, 8, 20, 16])}, 4: {2: np.array([30, 20, 10, 10])}})
    (video / "00000.png").write_bytes(b"")  # nothing is to be learnt from it
    out = tmp_path / "out"
    assert "1 frame of 3 cannot be read" in track_video(Handle(SingleFollower), video, prompts, out)
    assert (out / "boxes_1.txt").read_text().split() == ["nan,nan,nan,nan", "10,8,20,16", "11,8,20,16"]
    assert (out / "boxes_4.txt").read_text().split() == ["nan,nan,nan,nan"] * 2 + ["30,20,10,10"]
    assert set(np.unique(read_mask(out / "masks" / "00002.png"))) == {0, 1, 4}
    assert "1 frame before the first box or mask left empty" in capsys.readouterr().out


def test_one_object_told_of_twice(video, tmp_path):
    prompts = Prompts({1: {0: np.array([10, 8, 20, 16]), 2: np.array([30, 8, 20, 16])}})
    track_video(Handle(Follower), video, prompts, tmp_path / "out")
    assert (tmp_path / "out/boxes.txt").read_text().split() == ["10,8,20,16", "11,8,20,16", "30,8,20,16"]


def test_what_is_told_of_a_damaged_frame_is_refused(video, tmp_path):
    (video / "00002.png").write_bytes(b"")
    prompts = Prompts({1: {0: np.array([10, 8, 20, 16]), 2: np.array([30, 8, 20, 16])}})
    with pytest.raises(UserError, match=r"00002\.png cannot be decoded"):
        track_video(Handle(Follower), video, prompts, tmp_path / "out")
    assert not (tmp_path / "out").exists()
