"""What cut-out objects carry, and the shadows they cast."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ltr_ext.data.synthetic.attachments import attach_lines, attach_part
from ltr_ext.data.synthetic.layers import Shadow

RED, BLUE = np.array([200, 10, 10], np.uint8), np.array([10, 10, 200], np.uint8)


@pytest.fixture
def square():
    """A red square of 20 pixels in a grey picture."""
    picture, mask = np.full((60, 80, 3), 128, np.uint8), np.zeros((60, 80), bool)
    mask[20:40, 30:50] = True
    picture[mask] = RED
    return picture, mask


@pytest.fixture
def disc():
    """A blue disc in a white picture."""
    mask = cv2.circle(np.zeros((40, 40), np.uint8), (20, 20), 12, 1, -1) > 0
    picture = np.full((40, 40, 3), 255, np.uint8)
    picture[mask] = BLUE
    return picture, mask


@pytest.mark.parametrize("seed", range(8))
def test_a_part_and_the_object_become_one(square, disc, seed):
    rng = np.random.default_rng(seed)
    picture, mask = attach_part(rng, *square, *disc, size=(0.5, 0.5))
    assert picture.shape[:2] == mask.shape
    red, blue = (picture[mask] == RED).all(axis=1).sum(), (picture[mask, 2] > 150).sum()
    assert red > 200 and red + blue == mask.sum(), "of two colours, the disc's rim paler than its middle"
    assert 400 <= mask.sum() <= 400 + 130, "the square and a disc of a quarter of its area, joined"
    assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 2, "one piece"


def test_a_part_is_before_or_behind(square, disc):
    covered = []
    for seed in range(30):
        picture, mask = attach_part(np.random.default_rng(seed), *square, *disc)
        covered.append((picture[mask] == RED).all(axis=1).sum())
    assert covered.count(400) > 3 and sum(count < 400 for count in covered) > 3


@pytest.mark.parametrize("seed", range(8))
def test_lines_reach_beyond_the_object_and_are_thin(square, seed):
    picture, mask = attach_lines(np.random.default_rng(seed), *square)
    assert picture.shape[:2] == mask.shape
    rows, columns = np.nonzero(mask)
    assert max(np.ptp(rows), np.ptp(columns)) > 20, "the box grows"
    thick = cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert thick.sum() <= 14 * 14, "only the square survives an erosion"
    assert (picture == RED).all(axis=-1).sum() >= 400, "the object itself is not painted over"


def test_inputs_stay_as_they_are(square, disc):
    copies = [array.copy() for array in (*square, *disc)]
    attach_part(np.random.default_rng(0), *square, *disc)
    attach_lines(np.random.default_rng(0), *square)
    assert all(np.array_equal(a, b) for a, b in zip(copies, (*square, *disc), strict=True))


def test_a_shadow_darkens_where_it_falls():
    opacity = np.zeros((80, 80), np.float32)
    opacity[20:40, 20:40] = 1
    light = Shadow(shift=(0, 20), blur=1.0, depth=0.5).light(opacity)
    assert light[50, 30] == pytest.approx(0.5, abs=0.02) and light[70, 70] == pytest.approx(1, abs=1e-3)
    assert light[25, 30] == pytest.approx(1, abs=0.02), "it has moved off the object itself"
