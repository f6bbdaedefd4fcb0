"""Tracking through the host's own runner: files, skipping, failures, worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_tracker import ShiftTracker
from PIL import Image

from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY, SETTINGS_VARIABLE

pytestmark = pytest.mark.usefixtures("fake_parameters")


@pytest.fixture
def handle(tmp_path):
    """`handle(parameter)`: the fake tracker, results below `tmp_path/out`."""
    from tracker_ext.tracker_handle import TrackerHandle

    return lambda parameter, run_id=None: TrackerHandle("fake", parameter, run_id, out=tmp_path / "out")


def run(*arguments, **options):
    from tracker_ext import tracker_handle

    return tracker_handle.run(*arguments, **options)


def test_one_object_leaves_boxes_times_and_masks(handle, video, tmp_path):
    tracker = handle("shift")
    assert run(tracker, [video("one", frames=4)]) == []
    results = tmp_path / "out" / "tracking_results" / "fake" / "shift"
    assert Path(tracker.results_dir) == results
    text = (results / "one.txt").read_text()
    assert len(text.splitlines()[0].split("\t")) == 4
    np.testing.assert_array_equal(np.loadtxt(results / "one.txt"), [[2 + t, 2, 6, 6] for t in range(4)])
    assert np.loadtxt(results / "one_time.txt").shape == (4,)
    np.testing.assert_allclose(np.loadtxt(results / "one_object_presence_scores.txt"), [1, 0.5, 0.5, 0.5])
    folder = tmp_path / "out" / "segmentation_results" / "fake" / "shift" / "one"
    assert sorted(path.name for path in folder.iterdir()) == [f"{t:05d}.png" for t in range(4)]
    with Image.open(folder / "00003.png") as mask:
        assert mask.mode == "P"
        assert mask.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        assert np.array(mask).sum() == 36
        assert np.array(mask)[2, 5] == 1


def test_several_objects_leave_a_box_file_each_and_one_mask(handle, video):
    tracker = handle("shift", 7)
    assert run(tracker, [video("two", objects=2)]) == []
    results = Path(tracker.results_dir)
    assert results.name == "shift_007"
    np.testing.assert_array_equal(np.loadtxt(results / "two_1.txt"), [[2, 2, 6, 6], [3, 2, 6, 6], [4, 2, 6, 6]])
    np.testing.assert_array_equal(np.loadtxt(results / "two_2.txt"), [[2, 10, 6, 6], [3, 10, 6, 6], [4, 10, 6, 6]])
    assert np.loadtxt(results / "two_2_time.txt").shape == (3,)
    with Image.open(Path(tracker.segmentation_dir) / "two" / "00002.png") as mask:
        assert np.unique(np.array(mask)).tolist() == [0, 1, 2]


def test_sequences_with_results_are_left_out(handle, video):
    sequences = [video("first"), video("second")]
    run(handle("shift"), sequences[:1])
    ShiftTracker.started.clear()
    assert run(handle("shift"), sequences) == []
    assert len(ShiftTracker.started) == 1


def test_a_failure_is_reported_and_does_not_stop_the_rest(handle, video):
    from tracker_ext.tracker_handle import Failure, has_results

    tracker = handle("picky")
    bad, good = video("bad", height=20, width=30), video("good")
    failures = run(tracker, [bad, good])
    assert failures == [Failure("bad", "frame size (20, 30) is refused", user=False)]
    assert has_results(tracker, good)
    assert not has_results(tracker, bad)


def test_with_debug_errors_go_through_and_nothing_is_written(handle, video, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    tracker = handle("picky")
    with pytest.raises(ValueError, match="is refused"):
        run(tracker, [video("bad", height=20, width=30)], debug=1)
    assert not any(Path(tracker.results_dir).glob("*.txt"))


@pytest.mark.parametrize(
    ("tracker", "parameter", "listed"),
    [
        pytest.param("fkae", "shift", "fake", id="tracker"),
        pytest.param("fake", "shfit", "shift", id="parameter"),
        pytest.param("fake", "classless", "TRACKER_CLASS", id="no tracker for it"),
    ],
)
def test_unknown_names_are_refused_with_the_known(tracker, parameter, listed):
    from tracker_ext.tracker_handle import TrackerHandle

    with pytest.raises(UserError, match=listed):
        TrackerHandle(tracker, parameter)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        pytest.param("no_such_set", "dv2017_val", id="unknown: known names are listed"),
        pytest.param("got10k_val", "got10k_dir is not set", id="path not set"),
    ],
)
def test_a_data_set_that_cannot_be_had_is_refused(dataset, said):
    from tracker_ext.evaluation.sequences import load_sequences

    with pytest.raises(UserError, match=said):
        load_sequences(dataset)


def test_a_data_set_folder_without_the_data_set_is_refused(monkeypatch, tmp_path):
    from tracker_ext.evaluation.sequences import load_sequences

    (tmp_path / "paths.toml").write_text('got10k_dir = "empty"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    with pytest.raises(UserError, match=r"GOT-10k val: got10k_dir = .*empty.*does not exist"):
        load_sequences("got10k_val")


WORKER_SCRIPT = """
import sys
sys.path.insert(0, {fakes!r})
from ltr_ext import host
host.resolve()
import pytracking.parameter
pytracking.parameter.__path__.append({fakes!r} + "/parameter")

if __name__ == "__main__":
    from pathlib import Path
    import numpy as np
    from pytracking.evaluation import Sequence
    from tracker_ext import tracker_handle
    folder = Path({videos!r})
    box = np.array([[2.0, 2, 6, 6]] * 3)
    sequences = [Sequence(p.name, sorted(map(str, p.glob("*.png"))), "mini", box) for p in sorted(folder.iterdir())]
    tracker = tracker_handle.TrackerHandle("fake", "picky", out=folder.parent / "out")
    for failure in tracker_handle.run(tracker, sequences, threads=1):
        print("FAILED", failure.sequence, failure.message)
"""


def test_a_worker_process_does_the_same(video, tmp_path):
    """A worker is spawned: it imports the script anew, and there has to find the host and our parameter modules."""
    for name, height in (("a", 24), ("b", 20), ("c", 24)):
        video(name, height=height, width=32 if height == 24 else 30)
    fakes = str(Path(__file__).parent / "fakes")
    script = tmp_path / "script.py"
    script.write_text(WORKER_SCRIPT.format(fakes=fakes, videos=str(tmp_path / "videos")))
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("FAILED")] == [
        "FAILED b frame size (20, 30) is refused"
    ]
    results = tmp_path / "out" / "tracking_results" / "fake" / "picky"
    for name in "ac":
        np.testing.assert_array_equal(np.loadtxt(results / f"{name}.txt"), [[2, 2, 6, 6], [3, 2, 6, 6], [4, 2, 6, 6]])
