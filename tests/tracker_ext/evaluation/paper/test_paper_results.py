"""Tables 3 to 7: the paper's numbers, and one's own from stored results or figures."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from miniatures import scored_clips

import run_evaluation
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation.paper.results import RESULT_TABLES

VOT = {
    "toolkit": "0.7.4",
    "trackers": {"mine": {}, "other": {}},
    "sequences": {},
    "results": {
        "baseline": {
            "results": [
                [[0.7682267751598246], [0.4694719181532262]],
                [[[0, 0.8, 0]], [[0, 0.5, 0]]],
                [[0.6545454545454545, 1.0, [1.0, 0.6545], 80, 40], [0.4, 0.9, [0.9, 0.4], 80, 40]],
            ]
        },
        "unsupervised": {"results": [[[0.6889], [0.421]]]},
    },
}
"""The layout of `vot analysis` of vot-toolkit 0.7.4."""


def table(capsys, *arguments: str) -> dict[str, dict[str, str]]:
    """Column -> row -> cell, of what the command prints."""
    assert run_evaluation.main(list(arguments)) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    header, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {column: {row[0]: row[place] for row in rows} for place, column in enumerate(header) if place}


def figures(folder: Path, content: object) -> str:
    path = folder / "figures.json"
    path.write_text(json.dumps(content))
    return f"mine={path}"


@pytest.mark.parametrize("number", RESULT_TABLES)
def test_every_method_has_a_number_or_a_gap_for_every_row(number):
    one = RESULT_TABLES[number]
    assert {len(values) for values in one.paper.values()} == {len(one.rows)}
    limit = 1 if one.digits == 3 else 100
    assert all(value is None or 0 < value < limit for values in one.paper.values() for value in values)


def test_without_results_there_are_the_papers_columns(capsys):
    shown = table(capsys, "table6")
    assert shown["paper: LWL-Ours"] == {"Precision": "79.1", "Norm. Prec.": "84.7", "Success (AUC)": "81.2"}
    assert all(column.startswith("paper: ") for column in shown)


def test_table_5_is_scored_by_the_toolkits_rules(tmp_path, monkeypatch, capsys):
    scored_clips.write_got10k(tmp_path / "got10k", tmp_path / "results")
    (tmp_path / "paths.toml").write_text('got10k_dir = "got10k"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    out = tmp_path / "out"
    shown = table(capsys, "table5", "--results", f"mine={tmp_path / 'results'}", "--out", str(out))
    assert shown["here: mine"] == {"SR 0.5": "74.1", "SR 0.75": "66.7", "AO": "60.4"}
    assert shown["paper: SiamRPN++"]["SR 0.75"] == "", "the paper has none"
    with (out / "table_5.csv").open() as file:
        assert [row["here: mine"] for row in csv.DictReader(file)] == ["74.1", "66.7", "60.4"]
    assert r"SR 0.5 & 82.8" in (out / "table_5.tex").read_text()


def test_table_3_is_scored_on_masks_alone(davis_root, store_results, tmp_path, capsys):
    from tracker_ext.evaluation.datasets import DavisFolderDataset

    store_results(DavisFolderDataset(davis_root).get_sequence_list(), tmp_path / "mine", shift=3)
    for path in (tmp_path / "mine").glob("*.txt"):
        path.unlink()
    shown = table(capsys, "table3", str(davis_root), "--results", str(tmp_path / "mine"))
    assert shown["here: mine"] == {"J": "60.0"}, "squares of 12 pixels, 3 apart"


def test_table_4_reads_a_vot_analysis(tmp_path, capsys):
    shown = table(capsys, "table4", "--results", figures(tmp_path, VOT))
    assert shown["here: mine"] == {"EAO": "0.768", "Accuracy": "0.655", "Robustness": "1.000"}
    assert shown["paper: RPT"]["EAO"] == "0.530"
    other = table(capsys, "table4", "--results", figures(tmp_path, VOT).replace("mine=", "other="))
    assert other["here: other"] == {"EAO": "0.469", "Accuracy": "0.400", "Robustness": "0.900"}


def test_a_servers_figures_are_shown_and_gaps_stay_gaps(tmp_path, capsys):
    shown = table(capsys, "table7", "--results", figures(tmp_path, {"j&f MEAN": 78.25}))
    assert shown["here: mine"] == {"J&F mean": "78.2"}
    shown = table(capsys, "table6", "--results", figures(tmp_path, {"Success": 70}))
    assert shown["here: mine"] == {"Precision": "", "Norm. Prec.": "", "Success (AUC)": "70.0"}


@pytest.mark.parametrize(
    ("number", "content", "message"),
    [
        ("6", {"EAO": 1}, r"'EAO': 1; write numbers for Precision"),
        ("6", {"Precision": "high"}, r"'Precision': 'high'; write numbers"),
        ("6", [], "no figures in it"),
        ("4", {**VOT, "trackers": {"a": {}, "b": {}}}, "trackers a, b; call the column like one of them"),
        ("4", {**VOT, "results": {}}, "no EAO, accuracy and robustness"),
    ],
)
def test_figures_that_do_not_fit(tmp_path, number, content, message):
    with pytest.raises(UserError, match=message):
        run_evaluation.main([f"table{number}", "--results", figures(tmp_path, content)])


@pytest.mark.parametrize(("number", "remedy"), [("4", "vot analysis"), ("7", "server's figures")])
def test_what_only_others_can_score_says_so(tmp_path, number, remedy):
    with pytest.raises(UserError, match=re.escape(remedy)):
        run_evaluation.main([f"table{number}", "--results", str(tmp_path)])


def test_a_test_set_without_ground_truth_says_so(tmp_path, monkeypatch):
    from miniatures import make_trackingnet

    make_trackingnet(tmp_path / "tn", sets=[], frames=12)
    (tmp_path / "paths.toml").write_text('trackingnet_dir = "tn"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    with pytest.raises(UserError, match=r"1 true boxes for 12 frames; its server scores it.*--pack"):
        run_evaluation.main(["table6", "--results", str(tmp_path)])


def test_trackingnet_is_scored_where_the_truth_is_at_hand(tmp_path, monkeypatch, capsys):
    from miniatures import make_trackingnet

    make_trackingnet(tmp_path / "tn", sets=[0], frames=12, test=False)
    (tmp_path / "tn" / "TRAIN_0").rename(tmp_path / "tn" / "TEST")
    (tmp_path / "paths.toml").write_text('trackingnet_dir = "tn"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    (tmp_path / "perfect").mkdir()
    for path in (tmp_path / "tn/TEST/anno").iterdir():
        (tmp_path / "perfect" / path.name).write_text(path.read_text())
    shown = table(capsys, "table6", "--results", str(tmp_path / "perfect"))
    assert shown["here: perfect"] == {"Precision": "100.0", "Norm. Prec.": "100.0", "Success (AUC)": "100.0"}
