"""Tracking before a camera that is none, in a window that is none."""

from __future__ import annotations

import json
import os
import signal

import cv2
import numpy as np
import pytest
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams

from ltr_ext.data.mask_io import read_mask
from ltr_ext.errors import UserError
from tracker_ext.tracker.track_camera import track_camera
from tracker_ext.video.camera import Camera

BOX = (10, 8, 20, 16)


class Mover(BaseTracker):
    """Moves its box one pixel to the right per frame."""

    def initialize(self, image, info):
        many = isinstance(info["init_bbox"], dict)
        self.boxes = dict(info["init_bbox"]) if many else {"1": info["init_bbox"]}
        return self.answer(image)

    def track(self, image, info=None):
        self.boxes = {i: [box[0] + 1, *box[1:]] for i, box in self.boxes.items()}
        return self.answer(image)

    def answer(self, image):
        labels = np.zeros(image.shape[:2], np.uint8)
        for i, (x, y, w, h) in self.boxes.items():
            labels[int(y) : int(y + h), int(x) : int(x + w)] = int(i)
        return {"target_bbox": self.boxes if len(self.boxes) > 1 else self.boxes["1"], "segmentation": labels}


class Handle:
    tracker_class = Mover

    def get_parameters(self):
        return TrackerParams()


class FakeCamera:
    name, fps = "webcam 0", 30.0

    def __init__(self, count):
        self.left = count

    def read(self):
        self.left -= 1
        return np.full((48, 64, 3), self.left, np.uint8) if self.left >= 0 else None


class FakeScreen:
    """Presses the keys one after another; every box that is drawn is the next of `boxes`."""

    def __init__(self, keys="", boxes=()):
        self.keys, self.boxes, self.shown = list(keys), list(boxes), []

    def show(self, picture, wait):
        self.shown.append(picture)
        return self.keys.pop(0).strip("-") if self.keys else ""

    def draw_box(self, picture):
        return self.boxes.pop(0)


def boxes_in(out):
    return (out / "boxes.txt").read_text().split()


def test_without_a_window_until_the_camera_ends(tmp_path, capsys):
    track_camera(Handle(), FakeCamera(3), [BOX], None, tmp_path / "out", {"precision": "fp32"})
    assert boxes_in(tmp_path / "out") == ["10,8,20,16", "11,8,20,16", "12,8,20,16"]
    assert read_mask(tmp_path / "out/masks/00000002.png")[10, 12] == 1
    assert json.loads((tmp_path / "out/result.json").read_text())["precision"] == "fp32"
    said = capsys.readouterr().out
    assert "3 frames, 1 object" in said and str(tmp_path / "out") in said


def test_a_box_is_drawn_and_drawn_again(tmp_path):
    """The first attempt is broken off, the second holds; the third corrects; q ends."""
    screen = FakeScreen("-b --bq", [None, BOX, (30, 20, 10, 10)])
    track_camera(Handle(), FakeCamera(20), [], screen, tmp_path / "out")
    assert boxes_in(tmp_path / "out") == ["10,8,20,16", "11,8,20,16", "12,8,20,16", "30,20,10,10"]
    assert not np.array_equal(screen.shown[-1], np.full((48, 64, 3), screen.shown[-1][0, 0, 0])), "mask and box drawn"


def test_several_boxes_and_nothing_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    track_camera(Handle(), FakeCamera(2), [BOX, (40, 20, 9, 9)], FakeScreen(), None)
    assert "2 frames, 2 objects" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_ctrl_c_keeps_what_was_tracked(tmp_path):
    class Interrupted(FakeCamera):
        def read(self):
            if self.left == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return super().read()

    before = signal.getsignal(signal.SIGINT)
    track_camera(Handle(), Interrupted(6), [BOX], None, tmp_path / "out")
    assert len(boxes_in(tmp_path / "out")) == 4 and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("count", "boxes", "screen", "said"),
    [
        pytest.param(0, [BOX], None, "--webcam 0: gives no picture", id="no picture"),
        pytest.param(3, [], None, "without a window, give the object as --box", id="no box"),
        pytest.param(3, [], FakeScreen("q"), "no box was drawn", id="closed"),
        pytest.param(3, [], FakeScreen(), "gives no more pictures", id="ends before a box"),
        pytest.param(3, [(99, 9, 9, 9)], None, "lies wholly outside the 64x48", id="outside"),
    ],
)
def test_what_is_refused(tmp_path, count, boxes, screen, said):
    with pytest.raises(UserError, match=said):
        track_camera(Handle(), FakeCamera(count), boxes, screen, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class FakeCapture:
    def __init__(self, number):
        self.pictures = [np.full((4, 6, 3), (1, 2, 3), np.uint8)]
        self.number = number

    def isOpened(self):
        return self.number == 1

    def get(self, what):
        return {cv2.CAP_PROP_FPS: 0.0}[what]

    def read(self):
        return (True, self.pictures.pop()) if self.pictures else (False, None)

    def release(self):
        self.number = None


def test_a_camera_of_opencv(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    camera = Camera(1)
    assert camera.read()[0, 0].tolist() == [3, 2, 1] and camera.read() is None and camera.fps is None
    with pytest.raises(UserError, match="--webcam 7: no camera of this number can be opened"):
        Camera(7)
