"""Windows: when there are none, and what is asked of OpenCV where there are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ltr_ext.errors import UserError
from tracker_ext.video import screen
from tracker_ext.video.screen import Screen, no_windows

QT = "  GUI:                           QT5\n    QT:  YES"


@pytest.mark.parametrize(
    ("environment", "build", "platform", "said"),
    [
        pytest.param({"DISPLAY": ":0"}, QT, "linux", "", id="X"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, QT, "linux", "", id="Wayland"),
        pytest.param({}, QT, "darwin", "", id="a Mac needs no variable"),
        pytest.param({}, QT, "linux", "DISPLAY is not set", id="no display"),
        pytest.param({"DISPLAY": ":0"}, "  GUI:                           NONE\n", "linux", "headless", id="headless"),
        pytest.param({"DISPLAY": ":0"}, "", "linux", "headless", id="nothing is said"),
    ],
)
def test_why_there_is_no_window(environment, build, platform, said):
    reason = no_windows(environment, build, platform)
    assert (said in reason) if said else reason == ""


def test_no_window_is_one_line(monkeypatch):
    monkeypatch.setattr(screen, "no_windows", lambda *_: "there is no display")
    with pytest.raises(UserError, match=r"^--play: there is no display; write a film$"):
        Screen("title", "--play", "write a film")


@pytest.fixture
def window(monkeypatch):
    """OpenCV's functions, replaced: what was shown, and the keys that come."""
    seen = {"shown": [], "keys": [], "visible": 1.0}
    monkeypatch.setattr(screen, "no_windows", lambda *_: "")
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "resizeWindow", lambda _, w, h: seen.update(size=(w, h)))
    monkeypatch.setattr(cv2, "imshow", lambda _, picture: seen["shown"].append(picture))
    monkeypatch.setattr(cv2, "waitKey", lambda _: seen["keys"].pop(0))
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: seen["visible"])
    monkeypatch.setattr(cv2, "selectROI", lambda *_, **__: seen["roi"])
    return seen


def test_what_a_window_shows_and_answers(window):
    view = Screen("title", "--play", "")
    picture = np.zeros((2000, 1000, 3), np.uint8)
    picture[..., 0] = 200
    window["keys"] = [-1, ord("n"), -1, -1, ord("b")]
    assert [view.show(picture, 0.01), view.show(picture, 0.01), view.show(picture, float("inf"))] == ["", "n", "b"]
    assert window["size"] == (360, 720) and window["shown"][0][0, 0].tolist() == [0, 0, 200]
    window["roi"] = (1, 2, 30, 40)
    assert view.draw_box(picture) == (1, 2, 30, 40)
    window["roi"] = (0, 0, 0, 0)
    assert view.draw_box(picture) is None
    window.update(visible=0.0, keys=[-1])
    assert view.show(picture, 0.01) == "q", "it was closed"
