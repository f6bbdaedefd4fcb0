"""Stored results in a window that is none."""

from __future__ import annotations

import numpy as np
import pytest
from miniatures.mask_results import davis_result, drawn_labels, write_masks

from tracker_ext.export.play import play
from tracker_ext.video import screen


class FakeScreen:
    def __init__(self, keys=""):
        self.keys, self.shown, self.waits = list(keys), [], []

    def show(self, picture, wait):
        self.shown.append(picture)
        self.waits.append(wait)
        return self.keys.pop(0).strip("-") if self.keys else ""


@pytest.fixture
def result(tmp_path):
    davis_result(tmp_path / "result", "walk")
    return davis_result(tmp_path / "result", "run")


def test_all_clips_are_shown_over_their_frames(result):
    view = FakeScreen()
    assert play(result, view, None, [], []) == 8
    assert max(view.waits) <= 1 / 25 and view.shown[2].any(), "the frame without a mask is shown, too"
    few = FakeScreen()
    assert play(result, few, None, ["run"], [3]) == 4
    assert not np.array_equal(few.shown[0], view.shown[0]) and np.array_equal(few.shown[2], view.shown[2])


def test_keys(result):
    assert play(result, FakeScreen("-q"), None, [], []) == 2
    assert play(result, FakeScreen("-n"), None, [], []) == 2 + 4
    view = FakeScreen("-" + " " + "." + "," + " ")
    assert play(result, view, None, ["walk"], []) == 7, "0, 1 (halted), 1, 2, 1 (goes on), 2, 3"
    assert np.isinf(view.waits[2:5]).all() and np.isfinite(view.waits[5:]).all()
    np.testing.assert_array_equal(view.shown[4], view.shown[2])


def test_masks_alone_are_shown_over_black(tmp_path):
    write_masks(tmp_path / "masks", drawn_labels())
    view = FakeScreen()
    assert play(tmp_path / "masks", view, None, [], []) == 4
    assert view.shown[0].any() and not view.shown[2].any()


def test_the_command(result, run, capsys, monkeypatch):
    import run_export
    from ltr_ext.errors import run_command

    monkeypatch.setattr(screen, "no_windows", lambda *_: "there is no display")
    for words, said in (
        ([str(result), "--play"], "--play: there is no display; --format overlay --out DIR writes a film"),
        ([str(result), "--play", "--out", "x"], "--play: shows and writes nothing"),
        ([str(result), "--format", "coco"], "--out: is missing"),
        ([str(result / "nowhere"), "--play"], "does not exist"),
    ):
        assert run_command(lambda words=words: run_export.main(words)) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
