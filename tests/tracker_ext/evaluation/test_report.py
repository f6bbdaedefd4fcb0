"""From stored results to table and pictures."""

from __future__ import annotations

import csv
import json
import math
import sys

import numpy as np
import pytest

import run_evaluation
from ltr_ext.data.image_io import read_mask, write_mask
from ltr_ext.errors import UserError
from tracker_ext.evaluation import report
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.plots import Curves, draw_curves, write_plots
from tracker_ext.evaluation.protocols import CLIPS
from tracker_ext.evaluation.report import report_run
from tracker_ext.evaluation.results import StoredResult, find_masks
from tracker_ext.evaluation.scoring import Score, mean_score, score_box_oracle, score_stored
from tracker_ext.evaluation.tables import Grid, format_table
from tracker_ext.video.frames import open_frames


@pytest.fixture
def sequences(davis_root):
    return DavisFolderDataset(davis_root).get_sequence_list()


@pytest.mark.parametrize("name", ["one", "several"])
def test_perfect_results(sequences, store_results, tmp_path, name):
    store_results(sequences, tmp_path)
    score = score_stored(StoredResult(sequences[name], tmp_path / "masks", tmp_path), "truth")
    assert (score.j, score.f, score.first_j, score.ao, score.sr50, score.sr75) == (1, 1, 1, 1, 1, 1)
    # 0.25 s per frame and object; object 3 is there on 2 of 4 frames.
    assert score.fps == pytest.approx({"one": 4.0, "several": 4 / (0.25 * (4 + 4 + 2))}[name])


def test_shifted_results(sequences, store_results, tmp_path):
    store_results(sequences, tmp_path, shift=3)
    for name in ("one", "several"):
        score = score_stored(StoredResult(sequences[name], tmp_path / "masks", tmp_path), "shifted")
        assert score.j == pytest.approx(9 / 15), "squares of 12 pixels, 3 apart"
        assert score.ao == pytest.approx(9 / 15)
        assert (score.sr50, score.sr75) == (1, 0)


def test_the_first_frame_of_each_object_is_scored_by_itself(sequences, store_results, tmp_path):
    store_results(sequences, tmp_path)
    for frame, object_id in ((0, 1), (2, 3)):  # object 3 enters on frame 2
        path = tmp_path / "masks" / "several" / f"{frame:05d}.png"
        labels = read_mask(path)
        write_mask(path, np.where(labels == object_id, 0, labels).astype(np.uint8))
    score = score_stored(StoredResult(sequences["several"], tmp_path / "masks", tmp_path), "x")
    assert score.first_j == pytest.approx(1 / 3), "two of three objects missed on their first frame"
    assert score.j == pytest.approx((3 / 4 + 1 + 1 / 2) / 3)


def test_boxes_alone_have_no_j(sequences, store_results, tmp_path):
    store_results(sequences, tmp_path)
    score = score_stored(StoredResult(sequences["one"], tmp_path / "nowhere", tmp_path), "boxes")
    assert math.isnan(score.j) and score.ao == 1


def test_absent_objects_are_not_held_against_the_boxes(sequences, store_results, tmp_path):
    store_results(sequences, tmp_path)
    sequence = sequences["one"]
    sequence.ground_truth_rect[2] = (-1, -1, -1, -1)
    assert score_stored(StoredResult(sequence, tmp_path / "masks", tmp_path), "x").ao == 1


def test_box_oracle_of_squares_is_perfect(sequences):
    assert [score_box_oracle(sequence, "box").j for sequence in sequences] == [1, 1]


@pytest.mark.parametrize(
    "damage", ["3 boxes for 4 frames, 1 fewer", "line 1: not numbers", r"1 of 4 scored frames have no mask \(00002\)"]
)
def test_damaged_results_are_named(sequences, store_results, tmp_path, damage):
    store_results(sequences, tmp_path)
    if damage.startswith("3"):
        np.savetxt(tmp_path / "one.txt", np.ones((3, 4)))
    elif damage.startswith("line"):
        (tmp_path / "one.txt").write_text("a b c d\n")
    else:
        (tmp_path / "masks" / "one" / "00002.png").unlink()
    with pytest.raises(UserError, match=damage):
        score_stored(StoredResult(sequences["one"], tmp_path / "masks", tmp_path), "x")


def test_report_writes_what_it_says(sequences, store_results, tmp_path, capsys):
    store_results(sequences, tmp_path / "results", shift=3)
    out = tmp_path / "report"
    report_run(sequences, tmp_path / "results" / "masks", tmp_path / "results", out, "ours")
    printed = capsys.readouterr().out
    assert str(out) in printed
    table = (out / "table.md").read_text()
    assert all(line in printed for line in table.splitlines()[1:])
    rows = json.loads((out / "table.json").read_text())["scores"]
    methods = ["ours", report.BOX_ORACLE, report.GRABCUT]
    assert [(row["sequence"], row["method"]) for row in rows] == [
        (name, method) for name in ("one", "several", "mean") for method in methods
    ]
    assert rows[6]["j"] == pytest.approx(0.6) and rows[7]["j"] == 1 and rows[7]["fps"] is None
    with (out / "table.csv").open() as file:
        assert [row["sequence"] for row in csv.DictReader(file)] == [row["sequence"] for row in rows]
    for name in ("one", "several"):
        assert len(open_frames(out / "overlay" / f"{name}.mp4")) == 4
    assert open_frames(out / "contact_sheet.png").size[1] == 4 * 320


def test_sequences_without_results_are_named_and_the_others_scored(sequences, store_results, tmp_path, capsys):
    store_results([sequences["one"]], tmp_path / "results")
    report_run(sequences, tmp_path / "results" / "masks", tmp_path / "results", tmp_path / "report", "x")
    assert "1 of 2 sequences have no results: several; scored 1" in capsys.readouterr().out
    rows = json.loads((tmp_path / "report" / "table.json").read_text())["scores"]
    assert {row["sequence"] for row in rows} == {"one", "mean"}, "the baselines are of the same sequences"
    with pytest.raises(UserError, match=r"none of the 2 sequences \(one, several\) has any"):
        report_run(sequences, tmp_path / "empty", tmp_path / "empty", tmp_path / "report", "x")


def test_means_leave_out_what_is_unknown():
    scores = [Score(sequence="a", method="m", j=0.5, frames=3), Score(sequence="b", method="m", j=1.0, ao=0.25)]
    mean = mean_score(scores, "m")
    assert (mean.sequence, mean.j, mean.ao, mean.frames) == ("mean", 0.75, 0.25, 3)
    assert math.isnan(mean.f)


def test_table_is_aligned_and_shows_gaps():
    lines = format_table([Score(sequence="a", method="long name", j=0.12345)], ["why"]).splitlines()
    assert len({len(line) for line in lines[:3]}) == 1
    assert "| 0.123 |" in lines[2] and lines[2].count("-") == 8 and lines[-1] == "- why"


def test_command(davis_root, store_results, tmp_path, capsys):
    assert run_evaluation.main([str(davis_root)]) == 0
    assert report.BOX_ORACLE in capsys.readouterr().out
    store_results(DavisFolderDataset(davis_root).get_sequence_list(), tmp_path / "mine")
    assert run_evaluation.main([str(davis_root), "--results", str(tmp_path / "mine")]) == 0
    printed = capsys.readouterr().out
    assert "| mine " in printed and (tmp_path / "mine" / "report" / "contact_sheet.png").is_file()


@pytest.mark.parametrize(
    ("boxes", "masks"),
    [
        pytest.param("mine", "mine/masks", id="inside"),
        pytest.param("flat", "flat", id="sequence folders beside the box files"),
        pytest.param(
            "out/tracking_results/lwl/x", "out/segmentation_results/lwl/x", id="as run_tracker.py writes them"
        ),
    ],
)
def test_masks_are_found(tmp_path, boxes, masks):
    for folder in (boxes, masks):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    assert find_masks(tmp_path / boxes) == tmp_path / masks


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nonsense"], "nonsense.*demo", id="unknown data set: the known ones are listed"),
        pytest.param(["DAVIS", "--results", "absent"], "absent: is not a folder and not a zip", id="no results"),
        pytest.param(["DAVIS", "--masks", "there"], "goes with --results", id="masks alone"),
    ],
)
def test_mistakes_on_the_command_line(davis_root, arguments, message):
    with pytest.raises(UserError, match=message):
        run_evaluation.main([str(davis_root) if argument == "DAVIS" else argument for argument in arguments])


def test_runs_are_compared_in_one_table_and_one_plot(davis_root, store_results, tmp_path, capsys):
    sequences = DavisFolderDataset(davis_root).get_sequence_list()
    store_results(sequences, tmp_path / "good")
    store_results(sequences, tmp_path / "bad", shift=5)
    runs = ["worse=" + str(tmp_path / "bad"), str(tmp_path / "good")]
    assert run_evaluation.main([str(davis_root), "--results", *runs, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    rows = {score["method"]: score for score in json.loads((tmp_path / "out" / "table.json").read_text())["scores"]}
    assert list(rows) == ["worse", "good"] and "| mean     | good " in printed
    assert (rows["good"]["j"], rows["good"]["auc"]) == (1, pytest.approx(20 / 21))
    assert rows["worse"]["j"] == pytest.approx(7 / 17)
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"success_plot.png", "precision_plot.png"}
    assert r"\begin{tabular}{llrrrrrrrrrrrr}" in (tmp_path / "out" / "table.tex").read_text()


def test_a_run_whose_masks_are_elsewhere_is_named(davis_root, store_results, tmp_path, capsys):
    sequences = DavisFolderDataset(davis_root).get_sequence_list()
    for name in ("one", "two"):
        store_results(sequences, tmp_path / name)
    (tmp_path / "two/masks").rename(tmp_path / "elsewhere")
    assert run_evaluation.main([str(davis_root), "--results", str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    printed = capsys.readouterr().out
    assert f"two: no masks in {tmp_path / 'two'}, so no J and F" in printed and "one: no masks" not in printed


def test_plots_rank_the_runs_and_draw_their_curves(sequences, store_results, tmp_path, monkeypatch):
    drawn = {}

    class Recorder:
        """What tikzplotlib would be given."""

        @staticmethod
        def save(path, figure):
            (axes,) = figure.axes
            drawn[path.name] = {line.get_label(): np.asarray(line.get_ydata()) for line in axes.lines}
            path.write_text("tikz")

    monkeypatch.setitem(sys.modules, "tikzplotlib", Recorder)
    runs = {}
    for name, shift in (("worse", 5), ("good", 0)):
        store_results(sequences, tmp_path / name, shift=shift)
        runs[name] = [StoredResult(sequence, tmp_path, tmp_path / name) for sequence in sequences]
    files = write_plots(tmp_path, runs, CLIPS)
    assert files == ["success_plot.png", "success_plot.tex", "precision_plot.png", "precision_plot.tex"]
    assert all((tmp_path / file).stat().st_size for file in files)
    curves = drawn["success_plot.tex"]
    assert list(curves) == ["good [95.2]", "worse [42.9]"], "overlap 7/17 exceeds 0, 0.05 .. 0.4: 9 of 21"
    assert curves["worse [42.9]"].tolist() == [1.0] * 9 + [0.0] * 12
    assert drawn["precision_plot.tex"]["worse [100.0]"].tolist() == [0.0] * 5 + [1.0] * 46, "5 pixels off"


def test_plots_in_tikz(tmp_path):
    pytest.importorskip("tikzplotlib", reason="extra plots is not installed")
    lines = {"a": (np.linspace(1, 0, 3), 0.5)}
    curves = Curves("plot", np.linspace(0, 1, 3), lines, "overlap")
    assert draw_curves(tmp_path, curves) == ["plot.png", "plot.tex"]
    text = (tmp_path / "plot.tex").read_text()
    assert r"\begin{tikzpicture}" in text and "a [50.0]" in text


def test_latex_is_escaped():
    grid = Grid(header=["J&F", "a_b"], rows=[["50 %", "x"]], notes=["why"])
    lines = grid.latex().splitlines()
    assert lines[0] == "% why" and lines[2] == r"J\&F & a\_b \\" and r"50 \% & x \\" in lines
