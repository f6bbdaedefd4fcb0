"""How well a score tells good masks from bad ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tracker_ext.evaluation.reliability import format_reliability, plot_reliability, reliability


def test_reliability_of_a_perfect_and_of_a_useless_score():
    jaccard = np.linspace(0, 1, 100)
    clips = np.repeat([f"clip {i}" for i in range(10)], 10)
    perfect = reliability(jaccard, jaccard, clips)
    assert (perfect.pearson, perfect.spearman, perfect.clip_spearman) == pytest.approx((1, 1, 1))
    assert perfect.calibration_error == pytest.approx(0) and perfect.mean_error == 0
    constant = reliability(np.full(100, 0.9), jaccard, clips)
    assert np.isnan(constant.pearson) and constant.mean_error == pytest.approx(0.41, abs=0.01)


def test_table_and_picture(tmp_path):
    scores = reliability(np.linspace(0, 1, 30), np.linspace(0, 1, 30) ** 2, np.array(["a", "b"] * 15))
    text = format_reliability({"clips": {"confidence": scores, "other": scores}})
    assert "clips: 30 masks of 2 clips" in text and text.count("| other |") == 1
    plot_reliability(tmp_path / "p.png", {"clips": scores})
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    json.dumps(scores.summary())
