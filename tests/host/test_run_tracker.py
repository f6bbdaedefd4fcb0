"""The command `run_tracker.py`: what it refuses, what it writes, its exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import run_tracker
from ltr_ext.errors import EXIT_USER_ERROR, UserError, run_command
from tracker_ext import tracking_command
from tracker_ext.video.box_argument import parse_box

pytestmark = pytest.mark.usefixtures("fake_parameters")


@pytest.fixture
def mini(video, monkeypatch):
    """A data set `mini` of two videos: `one` with one object, `two` with two; `odd` in it has another frame size."""
    from pytracking.evaluation import datasets
    from pytracking.evaluation.data import SequenceList

    sequences = SequenceList([video("one"), video("two", objects=2)])
    info = datasets.DatasetInfo(__name__, "MiniDataset", {})
    monkeypatch.setitem(datasets.dataset_dict, "mini", info)
    monkeypatch.setattr(MiniDataset, "sequences", sequences)
    return sequences


class MiniDataset:
    """What the host's look-up finds."""

    sequences = ()

    def get_sequence_list(self):
        return self.sequences


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,4,5", "a,b,c,d", ""])
def test_a_box_is_four_numbers(text):
    with pytest.raises(UserError, match="four numbers"):
        parse_box(text)
    assert parse_box("1,2.5,3,4") == (1, 2.5, 3, 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["fake", "shift"], "data set or video", id="neither data set nor video"),
        pytest.param(["fake", "shift", "mini", "--video", "x"], "data set or video", id="both"),
        pytest.param(["fake", "shift", "mini", "--box", "1,2,3,4"], "--video", id="box without video"),
        pytest.param(["fake", "shift", "--video", "x"], "--box", id="video without box"),
        pytest.param(["fake", "shift", "--video", "x", "--box", "1,2"], "--box 1,2", id="box of two numbers"),
        pytest.param(["fake", "shift", "mini", "--threads", "-1"], "--threads -1", id="negative threads"),
        pytest.param(["fkae", "shift", "mini"], "fake", id="unknown tracker: the known are listed"),
        pytest.param(["fake", "shfit", "mini"], "shift", id="unknown parameter: the known are listed"),
        pytest.param(["fake", "shift", "minni"], "mini", id="unknown data set: the known are listed"),
        pytest.param(["fake", "shift", "mini", "--sequence", "three"], "one, two", id="unknown sequence"),
        pytest.param(["fake", "shift", "mini", "--sequence", "2"], "one, two", id="sequence number too large"),
    ],
)
def test_mistakes_are_one_line_exit_code_2_and_leave_nothing(mini, capsys, tmp_path, arguments, said):
    out = tmp_path / "results"
    assert run_command(lambda: run_tracker.main([*arguments, "--out", str(out)])) == EXIT_USER_ERROR
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert said in errors[0]
    assert not out.exists()


def test_an_output_folder_that_cannot_be_written_is_refused(mini, capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "results"
    assert run_command(lambda: run_tracker.main(["fake", "shift", "mini", "--out", str(out)])) == EXIT_USER_ERROR
    assert str(out) in capsys.readouterr().err


def test_a_run_says_what_it_uses_and_leaves_results_and_report(mini, capsys, tmp_path):
    out = tmp_path / "results"
    arguments = ["fake", "shift", "mini", "--sequence", "two", "--out", str(out)]
    assert run_tracker.main(arguments) == 0
    said = capsys.readouterr().out
    for part in (
        "host: ",
        "tracker: fake shift",
        "ShiftTracker",
        "device: cpu",
        "precision: fp32",
        str(out / "tracking_results"),
    ):
        assert part in said
    (run,) = json.loads((out / "tracking_results/fake/shift/run.json").read_text())["runs"]
    assert run == {"tracker": "fake shift", "weights": {}, "device": "cpu", "precision": "fp32", "sequences": ["two"]}
    np.testing.assert_array_equal(np.loadtxt(out / "tracking_results/fake/shift/two_1.txt")[:, 0], [2, 3, 4])
    report = out / "reports" / "fake_shift_mini"
    assert (report / "contact_sheet.png").is_file()
    assert (report / "overlay" / "two.mp4").is_file()
    assert json.loads((report / "table.json").read_text())

    assert run_tracker.main(arguments) == 0
    assert "1 of 1 sequences have results" in capsys.readouterr().out


def test_results_of_another_precision_are_not_mixed_with_one_that_is_asked_for(mini, capsys, tmp_path):
    """Unasked, the difference is said and the rest is tracked."""
    out = tmp_path / "results"
    arguments = ["fake", "shift", "mini", "--out", str(out)]
    assert run_tracker.main([*arguments, "--sequence", "one"]) == 0
    record = out / "tracking_results/fake/shift/run.json"
    record.write_text(record.read_text().replace("fp32", "bf16"))
    facts = {"weights": {}, "device": "cpu", "precision": "fp32"}
    with pytest.raises(UserError, match=r"--precision fp32: .*1 sequence with precision bf16; .*--runid or --out"):
        tracking_command.compare_with_earlier(record.parent, ["one"], facts, "fp32")
    assert run_tracker.main(arguments) == 0
    assert "note: 1 sequence with precision bf16" in capsys.readouterr().out
    runs = json.loads(record.read_text())["runs"]
    assert [(run["precision"], run["sequences"]) for run in runs] == [("bf16", ["one"]), ("fp32", ["two"])]


def test_a_tracker_without_a_precision_cannot_be_given_one(mini, capsys, tmp_path):
    arguments = ["fake", "shift", "mini", "--precision", "bf16", "--out", str(tmp_path / "out")]
    assert run_command(lambda: run_tracker.main(arguments)) == EXIT_USER_ERROR
    assert "--precision bf16: fake shift has none to choose" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_failed_sequence_is_named_and_the_exit_code_says_so(mini, video, capsys, tmp_path):
    mini.append(video("odd", height=20, width=30))
    code = run_tracker.main(["fake", "picky", "mini", "--out", str(tmp_path / "results")])
    captured = capsys.readouterr()
    assert code == tracking_command.EXIT_FAILED
    assert "failed: odd: frame size (20, 30) is refused" in captured.err
    assert Path(tmp_path / "results/reports/fake_picky_mini/table.md").is_file(), "the rest is reported"


@pytest.mark.parametrize(
    ("boxes", "known"),
    [
        pytest.param(np.ones((3, 4)), True, id="every frame"),
        pytest.param(np.ones((1, 4)), False, id="first frame only, as in test sets"),
        pytest.param({"1": np.ones((3, 4)), "2": np.ones((3, 4))}, True, id="every frame of every object"),
    ],
)
def test_ground_truth_is_a_box_for_every_frame(video, boxes, known):
    sequence = video("one")
    sequence.ground_truth_rect = boxes
    assert tracking_command.has_ground_truth(sequence) is known


def test_the_live_view_changes_no_result(mini, tmp_path, monkeypatch, capsys):
    """With a visdom server the results are the same; the trackers of both objects are shown."""
    shown = []

    class Client:
        def __init__(self, **options):
            pass

        def check_connection(self):
            return True

        def image(self, picture, win, **options):
            shown.append(win)

        def line(self, **options):
            pass

    monkeypatch.setitem(sys.modules, "visdom", SimpleNamespace(Visdom=Client))
    for folder, extra in (("plain", []), ("watched", ["--visdom", "there:9000"])):
        assert run_tracker.main(["fake", "shift", "mini", "--out", str(tmp_path / folder), *extra]) == 0
    found = [
        {path.name: path.read_text() for path in (tmp_path / folder / "tracking_results").rglob("*.txt")}
        for folder in ("plain", "watched")
    ]
    boxes = [{name: text for name, text in one.items() if "time" not in name} for one in found]
    assert boxes[0] == boxes[1] and len(boxes[0]) >= 3
    assert {name for name in shown if "one" in name} == {"frame one"}
    assert {name for name in shown if "two" in name} == {"frame two object 1", "frame two object 2"}


def test_without_a_live_server_nothing_is_tracked(mini, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "visdom", None)
    with pytest.raises(UserError, match="visdom is not installed"):
        run_tracker.main(["fake", "shift", "mini", "--out", str(tmp_path / "out"), "--visdom"])
    assert not (tmp_path / "out").exists()
