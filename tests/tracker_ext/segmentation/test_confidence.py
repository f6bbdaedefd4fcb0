"""The confidence means what it says, on masks whose J is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ltr_ext.errors import UserError
from ltr_ext.weights import file_hash
from tracker_ext.evaluation.reliability import format_reliability, plot_reliability, reliability
from tracker_ext.segmentation.confidence import (
    Calibration,
    calibration_path,
    confidence_manifest,
    fit_calibration,
    isotonic,
    load_calibration,
    save_calibration,
)
from tracker_ext.segmentation.mask_features import NAMES


def made_up(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """[count, K] features and J that two of them give, bent and noisy."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 1, (count, len(NAMES)))
    truth = 1 / (1 + np.exp(-(1.5 * vectors[:, 0] - vectors[:, 4])))
    return vectors, np.clip(truth**2 + rng.normal(0, 0.05, count), 0, 1)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return fit_calibration(*made_up(2000, 0), weights_hash="abc", fitted_on="made up", features=NAMES)


def test_it_estimates_j_of_masks_it_has_not_seen(fitted):
    vectors, jaccard = made_up(1000, 1)
    scores = reliability(fitted.predict(vectors), jaccard, np.array(["clip"] * 1000))
    assert scores.pearson > 0.95 and scores.calibration_error < 0.03
    raw = reliability(np.clip(vectors[:, 0], 0, 1), jaccard, np.array(["clip"] * 1000))
    assert raw.calibration_error > 0.1


def test_estimates_stay_between_0_and_1(fitted):
    far = np.full((2, len(NAMES)), 1e6) * np.array([[1], [-1]])
    assert ((fitted.predict(far) >= 0) & (fitted.predict(far) <= 1)).all()


def test_a_mask_worse_than_any_of_the_fit_gets_a_lower_estimate():
    """Clips to fit on hold few lost masks; the estimate must not stop at the worst of them."""
    score = np.linspace(0.5, 1, 200)
    vectors = np.zeros((200, len(NAMES)))
    vectors[:, 0] = score
    calibration = fit_calibration(vectors, score, weights_hash="", fitted_on="")
    worse = np.zeros((2, len(NAMES)))
    worse[:, 0] = 0.3, 0.1
    estimates = calibration.predict(worse)
    assert estimates[1] < estimates[0] < 0.5


def test_the_map_never_descends(fitted):
    assert (np.diff(fitted.map_to) >= 0).all() and (np.diff(fitted.map_from) >= 0).all()


@pytest.mark.parametrize(
    "values, pooled",
    [
        pytest.param([1, 2, 3], [1, 2, 3], id="ascending"),
        pytest.param([3, 2, 1], [2, 2, 2], id="descending"),
        pytest.param([1, 3, 2, 4], [1, 2.5, 2.5, 4], id="one swap"),
        pytest.param([4, 1, 1, 6], [2, 2, 2, 6], id="pools twice"),
    ],
)
def test_isotonic(values, pooled):
    assert isotonic(np.array(values, float)).tolist() == pooled


def test_it_belongs_to_its_weights(tmp_path, fitted):
    weights = tmp_path / "net.safetensors"
    weights.write_bytes(b"weights")
    assert load_calibration(weights) is None
    own = replace(fitted, weights_hash=file_hash(weights))
    save_calibration(calibration_path(weights), own, {"held-out": {}})
    assert load_calibration(weights) == own
    assert confidence_manifest(own)["kind"] == "calibrated"
    weights.write_bytes(b"other weights")
    assert load_calibration(weights) is None
    assert "not calibrated" in confidence_manifest(None)["kind"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"features": ["no such"]}, id="feature"),
        pytest.param({"coefficients": [1.0]}, id="length"),
        pytest.param({"map_to": [1.0, 0.0] + [0.0] * 10}, id="descending"),
        pytest.param({"intercept": None}, id="missing"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, fitted, change):
    weights = tmp_path / "net.safetensors"
    weights.write_bytes(b"weights")
    path = calibration_path(weights)
    save_calibration(path, replace(fitted, weights_hash=file_hash(weights)), {})
    stored = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in stored.items() if value is not None}))
    with pytest.raises(UserError, match="damaged"):
        load_calibration(weights)


def test_too_few_masks_are_refused():
    with pytest.raises(ValueError, match="too few"):
        fit_calibration(*made_up(5, 0), weights_hash="", fitted_on="")


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
