"""What is measured of a mask, and the table it goes to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ltr_ext.data.trust_table import Trust, TrustRow, read_trust, write_trust
from ltr_ext.errors import UserError
from tracker_ext.annotation.review.trust import TrustMeter, count_parts, tightness_of
from tracker_ext.segmentation.confidence import Calibration
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT

HW = (40, 60)
BOX = np.array([20.0, 10, 20, 16])


def rectangle(x: int, y: int, w: int, h: int) -> np.ndarray:
    mask = np.zeros(HW, bool)
    mask[y : y + h, x : x + w] = True
    return mask


def logits_of(mask: np.ndarray, sure: float = 4.0) -> np.ndarray:
    """`sure` on the mask, -`sure` in a frame of 3 pixels around its box, nothing elsewhere."""
    logits = np.full(mask.shape, BACKGROUND_LOGIT, np.float32)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    region = slice(max(rows[0] - 3, 0), rows[-1] + 4), slice(max(columns[0] - 3, 0), columns[-1] + 4)
    logits[region] = np.where(mask[region], sure, -sure)
    return logits


FULL = rectangle(20, 10, 20, 16)


def test_a_mask_that_fills_its_box():
    trust = TrustMeter().measure(logits_of(FULL, 8.0), FULL, BOX, True)
    assert trust == Trust(pytest.approx(1.0, abs=0.01), 1.0, 320, pytest.approx(math.nan, nan_ok=True), 1, False)


@pytest.mark.parametrize(
    "mask, tightness",
    [
        pytest.param(rectangle(20, 10, 10, 16), 0.5, id="half of the box"),
        pytest.param(rectangle(20, 10, 1, 16) | rectangle(39, 10, 1, 16), 1.0, id="thin, but from side to side"),
        pytest.param(rectangle(0, 0, 5, 5), 0.0, id="elsewhere"),
        pytest.param(np.zeros(HW, bool), 0.0, id="empty"),
    ],
)
def test_tightness_compares_boxes(mask, tightness):
    logits = logits_of(mask) if mask.any() else None
    assert TrustMeter().measure(logits, mask, BOX, True).tightness == pytest.approx(tightness)


@pytest.mark.parametrize(
    "mask, box, boxed, confidence",
    [
        pytest.param(np.zeros(HW, bool), BOX, True, 0.0, id="empty where a box was given"),
        pytest.param(np.zeros(HW, bool), None, False, math.nan, id="absent"),
        pytest.param(np.zeros(HW, bool), np.full(4, np.nan), True, math.nan, id="nan box is no box"),
        pytest.param(FULL, BOX, True, math.nan, id="a mask without logits"),
    ],
)
def test_what_has_no_logits(mask, box, boxed, confidence):
    trust = TrustMeter().measure(None, mask, box, boxed)
    assert trust.confidence == pytest.approx(confidence, nan_ok=True)


def test_a_box_that_was_not_given_is_not_compared_with():
    assert math.isnan(TrustMeter().measure(logits_of(FULL), FULL, BOX, False).tightness)


def test_area_jump_passes_over_frames_where_the_object_is_absent():
    meter, nothing = TrustMeter(), np.zeros(HW, bool)
    masks = [(FULL, BOX), (rectangle(20, 10, 20, 8), BOX), (nothing, None), (FULL, BOX), (nothing, BOX)]
    jumps = [meter.measure(None, mask, box, box is not None).area_jump for mask, box in masks]
    halved, vanished = math.log2(321 / 161), math.log2(321)
    assert jumps == pytest.approx([math.nan, halved, math.nan, halved, vanished], nan_ok=True)


@pytest.mark.parametrize(
    "mask, parts",
    [
        pytest.param(FULL, 1, id="one"),
        pytest.param(rectangle(2, 2, 5, 5) | rectangle(7, 7, 5, 5), 1, id="touching at a corner"),
        pytest.param(rectangle(2, 2, 5, 5) | rectangle(20, 2, 5, 5), 2, id="two"),
        pytest.param(rectangle(2, 2, 20, 20) | rectangle(40, 2, 1, 2), 1, id="a speck does not count"),
    ],
)
def test_parts(mask, parts):
    assert TrustMeter().measure(None, mask, None, False).parts == parts
    assert count_parts(np.zeros(HW, bool), None) == 0


@pytest.mark.parametrize("corner", [(0, 5), (5, 0), (50, 5), (5, 30)])
def test_border(corner):
    assert TrustMeter().measure(None, rectangle(*corner, 10, 10), None, False).touches_border
    assert not TrustMeter().measure(None, rectangle(5, 5, 10, 10), None, False).touches_border


def test_raw_confidence_falls_as_logits_shrink_and_with_what_is_left_out():
    meter = TrustMeter()
    sure, unsure = (meter.measure(logits_of(FULL, s), FULL, BOX, True).confidence for s in (5.0, 0.5))
    left_out = meter.measure(logits_of(FULL), rectangle(20, 10, 20, 8), BOX, True).confidence
    assert sure > 0.9 and unsure < 0.65 and left_out == pytest.approx(0.5, abs=0.05)


def test_a_calibration_is_used():
    flat = Calibration("", (0.0, 1.0), (0.4, 0.4), "made up")
    assert TrustMeter(flat).measure(logits_of(FULL), FULL, BOX, True).confidence == pytest.approx(0.4)


def test_the_table_comes_back_as_it_was(tmp_path):
    rows = [
        TrustRow('a "b",c é', 0, "00000001", 1, True, Trust(0.5, 0.25, 7, math.nan, 2, True)),
        TrustRow('a "b",c é', 5, "00000006", 3, False, Trust(math.nan, math.nan, 0, math.nan, 0, False)),
    ]
    write_trust(tmp_path / "t.csv", rows)
    header = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "sequence,frame,file,object,boxed,confidence,tightness,area,area_jump,parts,touches_border"
    assert repr(read_trust(tmp_path / "t.csv")) == repr(rows)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    "text, said",
    [
        pytest.param("sequence,frame\na,0\n", "no column file", id="columns"),
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param("HEAD\na,0,f,1,1,x,,5,,1,0\n", "line 2: could not convert", id="no number"),
        pytest.param("HEAD\na,0,f,1,yes,,,5,,1,0\n", "line 2: 'yes' is neither 0 nor 1", id="no flag"),
        pytest.param("HEAD\na,0,f\n", "line 2:", id="cut off"),
    ],
)
def test_a_damaged_table_is_refused_by_name(tmp_path, text, said):
    head = "sequence,frame,file,object,boxed,confidence,tightness,area,area_jump,parts,touches_border"
    if text is not None:
        (tmp_path / "t.csv").write_text(text.replace("HEAD", head), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_trust(tmp_path / "t.csv")


def test_tightness_without_a_given_box_is_unknown():
    assert math.isnan(tightness_of(BOX, None))
