"""Masks of the true boxes: scores per frame, samples of a clip, the paper's tables."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import run_evaluation
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE, VARIANTS
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.weights import save_network
from tracker_ext.evaluation.command import RUN_TABLES
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.paper import tables
from tracker_ext.evaluation.paper.from_boxes import BoxMaskScores, every_kth_window, score_from_boxes
from tracker_ext.evaluation.paper.tables import TABLES, Row, by_frame, format_rows, run_table, setting_config
from tracker_ext.evaluation.segmented import score_box2mask
from tracker_ext.segmentation.config import AnnotateConfig

TINY = dataclasses.replace(
    LITE, feature_dim=8, encoder_widths=(4, 4, 8, 8), decoder_widths=(8, 8, 8, 8), crop_hw=(64, 64)
)
CONFIG = AnnotateConfig(num_frames=2, interval=1, tolerance=0.0)


@pytest.fixture
def sequences(davis_root):
    return DavisFolderDataset(davis_root).get_sequence_list()


def network(bias: float = 0.0, **changes) -> Box2MaskNet:
    """A tiny random network whose logits are shifted."""
    torch.manual_seed(0)
    net = Box2MaskNet(dataclasses.replace(TINY, **changes)).eval()
    with torch.no_grad():
        net.decoder.logit.bias.fill_(bias)
    return net


@pytest.fixture
def weights(tmp_path):
    """`weights(variant)`: a file that says "object" nearly everywhere."""

    def write(variant: str = "iterative"):
        path = tmp_path / f"{variant}.safetensors"
        save_network(network(50.0, variant=variant), path)
        return path

    return write


def test_the_tables_that_are_run_are_known_before_torch_is_imported():
    assert tuple(TABLES) == RUN_TABLES


def test_a_network_that_fills_its_boxes_is_perfect_on_squares(sequences):
    scores = score_from_boxes(sequences["several"], network(50.0), CONFIG)
    assert scores.frames.tolist() == [0, 1, 2, 3] * 2 + [2, 3], "object 3 enters on the third of four frames"
    np.testing.assert_allclose(scores.jaccard, 1)
    line, _ = score_box2mask(sequences["several"], network(50.0), CONFIG, "full")
    assert (line.j, line.f, line.frames, line.objects, line.sequence) == (1, 1, 4, 3, "several") and line.fps > 0


def test_an_empty_answer_scores_nothing(sequences):
    scores = score_from_boxes(sequences["one"], network(-50.0), CONFIG)
    assert scores.jaccard.tolist() == [0] * 4


def test_a_sample_gives_the_same_numbers_on_its_frames(sequences):
    """Windows that hold no chosen frame are left out; the others are as they were."""
    net = network()
    every = score_from_boxes(sequences["one"], net, CONFIG)
    choice = every_kth_window(2, CONFIG)
    assert choice(4) == frozenset({0, 1}), "windows (0, 1) and (2, 3)"
    sample = score_from_boxes(sequences["one"], net, CONFIG, choice)
    assert sample.frames.tolist() == [0, 1]
    np.testing.assert_array_equal(sample.jaccard, every.jaccard[:2])


def test_a_clip_without_true_masks_has_no_score(sequences):
    sequences["one"].ground_truth_seg = None
    assert score_from_boxes(sequences["one"], network(), CONFIG) is None


def cells(markdown: str) -> list[list[str]]:
    """The rows of a table, header first."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("number", TABLES)
def test_tables_have_a_row_per_setting_and_the_papers_numbers(sequences, weights, number):
    files = {variant: weights(variant) for variant in VARIANTS}
    grid = run_table(number, "clips", sequences, files["iterative"], files, 1)
    header, *rows = cells(grid.markdown())
    wanted = TABLES[number].settings
    assert [row[0] for row in rows] == [setting.label for setting in wanted]
    for heading, field in (("paper, YT300", "paper_yt300"), ("paper, DAVIS 2017 val", "paper_davis")):
        paper = [getattr(setting, field) for setting in wanted]
        shown = [row[header.index(heading)] for row in rows] if heading in header else [""] * len(rows)
        assert shown == ["" if value is None else f"{value:.1f}" for value in paper]
    own = [row for row, setting in zip(rows, wanted, strict=True) if setting.changes is not None]
    assert all(row[header.index("here, clips")] == "100.0" for row in own), "boxes filled, squares"
    assert all("too few clips" in row[-1] for row in own[1:])
    assert "2 sequences, 8 frames" in grid.notes[-1]


def test_a_clip_counts_each_of_its_objects_the_same():
    """Object 2 shows in one of three frames."""
    columns = np.array([1, 1, 1, 2]), np.array([0, 1, 2, 1]), np.array([0.9, 0.6, 0.6, 0.1])
    values = by_frame(BoxMaskScores("clip", *columns))
    assert len(values) == 3 and values.mean() == pytest.approx((0.7 + 0.1) / 2)


@pytest.mark.parametrize(
    ("dataset", "mean", "words"),
    [
        ("dv2017_val", (1.0 + 3 * 0.2) / 4, "then all objects of the data set"),
        ("yt300", (1.0 + 3 * 0.2) / 4, "then all objects of the data set"),
        ("clips", (1.0 + 0.2) / 2, "then objects, then sequences"),
    ],
)
def test_means_are_those_of_the_data_sets_rule(sequences, weights, monkeypatch, dataset, mean, words):
    """DAVIS 2017 and YouTube-VOS: over objects, of which one clip has one and the other three."""

    def scored(sequence, *args, **options):
        ids, j = ([1], 1.0) if sequence.name == "one" else ([1, 2, 3], 0.2)
        return BoxMaskScores(sequence.name, np.array(ids), np.zeros(len(ids), int), np.full(len(ids), j))

    monkeypatch.setattr(tables, "score_from_boxes", scored)
    grid = run_table("8", dataset, sequences, weights(), {}, 1)
    header, *rows = cells(grid.markdown())
    assert {row[header.index(f"here, {dataset}")] for row in rows} == {f"{100 * mean:.1f}"}
    assert words in grid.notes[0]


def test_a_method_of_the_papers_alone_has_no_number_here(sequences, weights):
    header, box2seg, *_ = cells(run_table("1", "clips", sequences, weights(), {}, 1).markdown())
    assert box2seg[: len(header) - 3] == ["1, Box2Seg", "", "79.3", ""]


def test_tables_10_and_11_are_of_one_data_set_each():
    assert [cells(format_rows(TABLES[n].title, "x", rows_of(n), "").markdown())[0][1] for n in ("10", "11")] == [
        "paper, DAVIS 2017 val",
        "paper, YT300",
    ]


def rows_of(number: str) -> list[Row]:
    return [Row(setting, 0.5, None, 1) for setting in TABLES[number].settings]


@pytest.mark.parametrize(
    ("dataset", "number", "intervals"),
    [
        ("dv2017_val", "10", [1, 5, 10, 15]),
        pytest.param("yt300", "11", [1, 2, 3, 4, 5], id="stored frames are five apart"),
        ("dv2017_val", "8", [5] * 4),
        ("yt300", "8", [3] * 4),
    ],
)
def test_the_interval_is_that_of_the_paper(dataset, number, intervals):
    configs = [setting_config(dataset, setting.changes) for setting in TABLES[number].settings]
    assert [config.interval for config in configs] == intervals and {config.num_frames for config in configs} == {9}
    assert {(config.mode, config.merge, config.tolerance) for config in configs} == {("centred", "soft", 0.0)}


@pytest.mark.parametrize("mode", ["centred", "strided"])
def test_the_command_lays_the_windows_it_is_asked_for(davis_root, weights, mode, capsys):
    assert run_evaluation.main([str(davis_root), "--weights", str(weights()), "--table", "8", "--mode", mode]) == 0
    assert f"{mode} windows; 2 sequences" in capsys.readouterr().out


def test_without_a_data_set_a_table_takes_those_that_are_there(davis_root, weights, tmp_path, monkeypatch, capsys):
    (tmp_path / "paths.toml").write_text(f'clips_dir = "{davis_root}"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    assert run_evaluation.main(["table8", "--weights", str(weights()), "--out", str(tmp_path / "out")]) == 0
    assert "here, clips" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table_8.md", "table_8.csv", "table_8.tex"}
    (tmp_path / "paths.toml").write_text("")
    with pytest.raises(UserError, match=r"none of youtubevos_dir, davis_dir, clips_dir is set in .*paths\.toml"):
        run_evaluation.main(["table8"])


def test_table_2_says_which_weights_are_missing(sequences, weights):
    with pytest.raises(UserError, match=r"lite_single_image.*--variant single_image=FILE"):
        run_table("2", "clips", sequences, weights(), {}, 1)


def test_table_2_leaves_out_variants_without_weights(sequences, weights):
    header, *rows = cells(
        run_table("2", "clips", sequences, weights(), {"multi_frame": weights("multi_frame")}, 1).markdown()
    )
    here = header.index("here, clips")
    assert {row[0]: row[here] for row in rows} == dict(zip(VARIANTS, ["", "100.0", "", "100.0"], strict=True))
    assert all(row[here + 1] == "" for row in rows), "no gain over a row without a number"


def test_table_2_refuses_weights_of_another_variant(sequences, weights):
    with pytest.raises(UserError, match="variant iterative, not single_image"):
        run_table("2", "clips", sequences, weights(), dict.fromkeys(VARIANTS, weights()), 1)


def test_command(davis_root, weights, capsys, tmp_path):
    assert run_evaluation.main([str(davis_root), "--weights", str(weights()), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert (
        "| mean     | box2mask, T = 9, centred (all boxes) | 1.000 | 1.000 | 1.000 |" in printed
        and "GrabCut" in printed
    )
    assert (tmp_path / "out" / "table.csv").is_file()
    command = [str(davis_root), "--weights", str(weights()), "--table", "8", "--out", str(tmp_path / "out")]
    assert run_evaluation.main(command) == 0
    assert (tmp_path / "out" / "table_8.md").read_text() in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--table", "13"], "--table 13: not one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"),
        (["--table", "1", "--results", "."], "--table 1: is run here and takes no --results"),
        (["--every", "0"], "--every 0: must be at least 1"),
        (["--grabcut-frames", "-1"], "--grabcut-frames -1: must be at least 0"),
        (["--table", "2", "--variant", "other=x"], "--variant other=x: write NAME=FILE"),
        (["--weights", "absent.safetensors"], "absent.safetensors"),
    ],
)
def test_mistakes_on_the_command_line(davis_root, options, message):
    with pytest.raises(UserError, match=message):
        run_evaluation.main([str(davis_root), *options])
