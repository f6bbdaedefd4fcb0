"""Which windows the network is run on, counted: those that a change touches, each once, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.editor import settle

from tracker_ext.editor.maker import MaskMaker

LIVE = {"do": "live", "on": True}
EVEN = range(0, 30, 2)


@pytest.fixture
def counted(start, monkeypatch):
    """A clip with boxes of object 1 on even frames, all masks made; the windows that were run, and frames read."""
    windows: list[tuple[int, tuple[int, ...]]] = []
    frames: set[int] = set()
    run = MaskMaker.masks

    def counting(self, read, tracks, given, of_objects, painted):
        windows.extend((i, window.frames) for i, found in of_objects.items() for window in found)

        def reading(frame):
            frames.add(frame)
            return read(frame)

        return run(self, reading, tracks, given, of_objects, painted)

    monkeypatch.setattr(MaskMaker, "masks", counting)
    opened = start(num_frames=2, interval=3)
    for frame in EVEN:
        opened.act({"do": "box", "object": 1 if frame else None, "frame": frame, "box": [5, 5, 20, 20]})
    opened.act(LIVE)
    settle(opened)
    assert sorted(windows) == sorted((1, window.frames) for window in opened.session.plans[1].windows)
    windows.clear()
    frames.clear()
    return opened, windows, frames


def touched(opened, object_id: int, frame: int) -> set[int]:
    """Numbers of the windows with a frame in them, and of those that the interpolated frames beside it come from."""
    plan = opened.session.plans[object_id]
    near = {plan.window_of[one] for one in (frame - 1, frame + 1) if plan.kinds.get(one) == "between"}
    return near | {number for number, window in enumerate(plan.windows) if frame in window.frames}


def mask() -> np.ndarray:
    found = np.zeros((48, 64), bool)
    found[6:20, 6:22] = True
    return found


@pytest.mark.parametrize("frame", [0, 14, 28])
@pytest.mark.parametrize("how", ["box", "paint"])
def test_a_change_of_one_frame(counted, frame, how):
    opened, windows, frames = counted
    if how == "box":
        opened.act({"do": "box", "object": 1, "frame": frame, "box": [7, 5, 20, 20]})
    else:
        opened.session.paint(1, frame, mask())
    settle(opened)
    wanted, plan = touched(opened, 1, frame), opened.session.plans[1]
    assert sorted(windows) == sorted((1, plan.windows[number].frames) for number in wanted)
    assert len(wanted) < len(plan.windows)
    theirs = {one for one, number in plan.window_of.items() if number in wanted}
    assert frames <= {one for number in wanted for one in plan.windows[number].frames} | theirs


def test_undo_runs_the_same_windows_again_and_no_other(counted):
    opened, windows, _ = counted
    opened.act({"do": "box", "object": 1, "frame": 14, "box": [7, 5, 20, 20]})
    settle(opened)
    first = sorted(windows)
    windows.clear()
    opened.act({"do": "undo"})
    settle(opened)
    assert sorted(windows) == first


def test_an_object_elsewhere_is_left_alone_and_one_that_overlaps_is_not(counted):
    opened, windows, _ = counted
    opened.act({"do": "box", "frame": 14, "box": [50, 36, 10, 10]})
    settle(opened)
    assert {object_id for object_id, _ in windows} == {2}
    windows.clear()
    opened.act({"do": "box", "object": 2, "frame": 14, "box": [20, 20, 20, 20]})
    settle(opened)
    plan = opened.session.plans[1]
    assert {found for object_id, found in windows if object_id == 1} == {plan.windows[plan.window_of[14]].frames}


def test_names_and_decisions_run_nothing(counted):
    opened, windows, _ = counted
    opened.act({"do": "name", "object": 1, "name": "dog"})
    opened.act({"do": "live", "on": False})
    opened.act({"do": "live", "on": True})
    settle(opened)
    assert not windows


def test_not_here_runs_only_windows_that_are_others_now(counted):
    opened, windows, _ = counted
    before = {found.frames for found in opened.session.plans[1].windows}
    opened.act({"do": "absent", "object": 1, "frame": 14})
    settle(opened)
    after = {found.frames for found in opened.session.plans[1].windows}
    assert {found for _, found in windows} == after - before and len(windows) < len(after)


def test_all_again_runs_all_once_and_undo_brings_them_back(counted):
    opened, windows, _ = counted
    opened.act({"do": "again"})
    settle(opened)
    assert sorted(windows) == sorted((1, window.frames) for window in opened.session.plans[1].windows)
