"""Figure 3: single images beside several frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from miniatures.networks import write_box_filler

import run_evaluation
from ltr_ext.errors import UserError
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.paper import figure3
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import FrameMasks

CONFIG = AnnotateConfig(num_frames=3, interval=1, mode="centred", tolerance=0.0)
FILES = {"single_image": Path("one"), "iterative": Path("several")}


@pytest.mark.parametrize(
    ("variants", "names", "weights"),
    [
        pytest.param({}, ["iterative, T = 1", "iterative, T = 3"], ["plain", "plain"], id="one network"),
        pytest.param(FILES, ["single_image", "iterative, T = 3"], ["one", "several"], id="two networks"),
        pytest.param(
            {"multi_frame": Path("m")}, ["multi_frame, T = 1", "multi_frame, T = 3"], ["m", "m"], id="of a name"
        ),
    ],
)
def test_what_stands_in_the_columns(variants, names, weights):
    methods = figure3.methods_of(Path("plain"), variants, CONFIG)
    assert [method.name for method in methods] == names
    assert [str(method.weights) for method in methods] == weights
    assert [method.config for method in methods] == [replace(CONFIG, num_frames=1), CONFIG]


def test_two_networks_for_several_frames_are_one_too_many():
    with pytest.raises(UserError, match="multi_frame and iterative; give single_image and one other"):
        figure3.methods_of(Path("plain"), dict.fromkeys(("multi_frame", "iterative"), Path("x")), CONFIG)


def test_only_the_frames_that_are_tried_are_worked_on():
    track = np.tile([1.0, 2, 3, 4], (20, 1))
    track[3] = np.nan
    windows = figure3.windows_of(track, CONFIG, [2, 10])
    assert [window.kept for window in windows] == [(2,), (9,)], "positions among the boxed frames"


def test_the_frame_with_the_largest_gain_is_shown(davis_root, monkeypatch):
    """By masks that are made up: several frames are right on frame 2 alone, single images on none."""
    sequence = DavisFolderDataset(davis_root).get_sequence_list()["several"]

    def made_up(frames, boxes, net, config, **options):
        for index in range(4):
            right = config.num_frames == 3 and index == 2
            assert list(boxes) == [1, 2, 3]
            yield FrameMasks(index, figure3.read_mask(sequence.ground_truth_seg[index]) * right, {}, None)

    monkeypatch.setattr(figure3, "annotate", made_up)
    methods = figure3.methods_of(Path("plain"), {}, CONFIG)
    gain, name, tiles = figure3.row_of(sequence, [None, None], methods)
    assert (gain, name) == (1.0, "several")
    assert [tile.caption for tile in tiles] == ["frame 2", "J 0.0", "J 100.0"]
    assert tiles[0].predicted is None and len(tiles[0].boxes) == 3


def test_the_command(davis_root, tmp_path, capsys):
    box_filler = write_box_filler(tmp_path / "filler.safetensors")
    out = tmp_path / "figure"
    assert run_evaluation.main(["figure3", str(davis_root), "--weights", str(box_filler), "--out", str(out)]) == 0
    assert str(out / "figure_3.png") in capsys.readouterr().out
    assert cv2.imread(str(out / "figure_3.png")).shape[1] == 3 * 320
    with pytest.raises(UserError, match="--figure 3: needs a data set and --out DIR"):
        run_evaluation.main(["figure3", str(davis_root)])
