"""Soft IoU, and the map that makes an estimate of J of it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from tracker_ext.segmentation.confidence import (
    Calibration,
    calibration_path,
    confidence,
    confidence_manifest,
    load_calibration,
    save_calibration,
    soft_iou,
)
from tracker_ext.segmentation.config import weight_file
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT

HALVES = Calibration("abc", (0.0, 0.5, 1.0), (0.25, 0.5, 0.75), "made up")


def logits_and_mask(shape: tuple[int, int] = (12, 20)) -> tuple[np.ndarray, np.ndarray]:
    """A mask of 20 pixels of probability 3/4, and a row of 4 of probability 1/4 beside it."""
    logits = np.full(shape, BACKGROUND_LOGIT, np.float32)
    logits[2:7, 3:7] = math.log(3)
    logits[7, 3:7] = -math.log(3)
    return logits, logits > 0


def test_soft_iou_is_expected_intersection_over_expected_union():
    assert soft_iou(*logits_and_mask()) == pytest.approx(15 / 21)


def test_what_was_not_predicted_changes_nothing():
    logits, mask = logits_and_mask((300, 400))
    assert soft_iou(logits, mask) == soft_iou(*logits_and_mask())


def test_a_mask_that_leaves_out_or_adds_pixels_is_expected_to_be_worse():
    logits, mask = logits_and_mask()
    fewer, more = mask.copy(), mask.copy()
    fewer[2] = False
    more[9:11, 3:7] = True
    assert max(soft_iou(logits, fewer), soft_iou(logits, more)) < soft_iou(logits, mask)


@pytest.mark.parametrize("value, score", [(BACKGROUND_LOGIT, 0.0), (-1e30, 0.0), (0.0, 0.5), (1e30, 1.0)])
def test_one_pixel_with_any_logit_has_a_finite_score(value, score):
    mask = np.zeros((12, 20), bool)
    mask[0, 0] = True
    assert soft_iou(np.where(mask, value, BACKGROUND_LOGIT).astype(np.float32), mask) == pytest.approx(score)


def test_without_a_calibration_the_confidence_is_the_soft_iou():
    assert confidence(*logits_and_mask(), None) == soft_iou(*logits_and_mask())
    assert confidence(*logits_and_mask(), HALVES) == pytest.approx(0.25 + 0.5 * 15 / 21)


@pytest.mark.parametrize("score, estimate", [(-1.0, 0.25), (0.0, 0.25), (0.2, 0.35), (1.0, 0.75), (2.0, 0.75)])
def test_the_map_is_linear_in_between_and_constant_outside(score, estimate):
    assert HALVES.predict(np.array([score])) == pytest.approx([estimate])


@pytest.mark.parametrize(
    "score, estimate",
    [
        (0.0, 0.0), (0.1, 0.132), (0.2, 0.264), (0.3, 0.396), (0.4, 0.528), (0.5, 0.657), (0.6, 0.69),
            (0.7, 0.812), (0.75, 0.856), (0.8, 0.894), (0.85, 0.919), (0.9, 0.958), (1.0, 1.0),
    ],
)  # fmt: skip
def test_the_weights_that_ship_have_a_calibration_with_these_values(score, estimate):
    """Of soft IoU 0 to 1: what the isotonic fit on held-out clips gave (docs/trust.md)."""
    calibration = load_calibration(weight_file(None))
    assert calibration is not None
    assert float(calibration.predict(np.array(score))) == pytest.approx(estimate, abs=0.01)


@pytest.fixture
def weights(tmp_path):
    """A file of weights with a calibration beside it."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"weights")
    save_calibration(calibration_path(path), replace(HALVES, weights_hash=file_hash(path)), {"held-out": {}})
    return path


def test_a_calibration_belongs_to_its_weights(weights):
    calibration = load_calibration(weights)
    assert calibration == replace(HALVES, weights_hash=file_hash(weights))
    assert confidence_manifest(calibration)["kind"] == "calibrated"
    weights.write_bytes(b"other weights")
    assert load_calibration(weights) is None
    calibration_path(weights).unlink()
    assert load_calibration(weights) is None
    assert "not calibrated" in confidence_manifest(None)["kind"]


@pytest.mark.parametrize(
    "change, said",
    [
        pytest.param({"scale": [1.0]}, r"another version \(it has scale\); fit it again", id="other fields"),
        pytest.param({"map_to": [0.0, 1.0]}, "map_from has 3 numbers, map_to 2", id="length"),
        pytest.param({"map_to": [1.0, 0.5, 0.0]}, "map_to must ascend within 0..1", id="descending"),
        pytest.param({"map_from": [0.0, 0.5, 1.5]}, "map_from must ascend within 0..1", id="beyond 1"),
        pytest.param({"map_to": [0.0, math.nan, 1.0]}, "map_to must ascend within 0..1", id="nan"),
        pytest.param({"map_to": ["a", "b", "c"]}, "could not convert", id="words"),
        pytest.param({"map_to": None}, "KeyError", id="missing"),
        pytest.param({"map_from": [], "map_to": []}, "map_from has 0 numbers", id="empty"),
    ],
)
def test_a_damaged_file_is_refused(weights, change, said):
    path = calibration_path(weights)
    stored = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in stored.items() if value is not None}))
    with pytest.raises(UserError, match=said) as caught:
        load_calibration(weights)
    assert "tracker_ext.evaluation.calibrate" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", '"words"', "{}", "\x00"])
def test_what_is_no_calibration_at_all_is_refused(weights, text):
    calibration_path(weights).write_text(text)
    with pytest.raises(UserError, match="damaged"):
        load_calibration(weights)
