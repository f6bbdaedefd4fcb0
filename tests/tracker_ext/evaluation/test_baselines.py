"""Filled boxes and GrabCut."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.evaluation.baselines import box_mask, grabcut_mask
from tracker_ext.evaluation.metrics import jaccard

NAN_BOX = np.full(4, np.nan)


@pytest.mark.parametrize(
    ("box", "area"),
    [
        pytest.param((2, 3, 4, 5), 20, id="inside"),
        pytest.param((-2, -2, 4, 4), 4, id="cut top left"),
        pytest.param((8, 8, 5, 5), 4, id="cut bottom right"),
        pytest.param((1.4, 1.4, 2.2, 2.2), 9, id="edges 1.4 and 3.6 round to 1 and 4"),
        pytest.param((20, 20, 4, 4), 0, id="outside"),
        pytest.param(NAN_BOX, 0, id="absent"),
    ],
)
def test_box_mask_area(box, area):
    assert box_mask(np.array(box, float), 10, 10).sum() == area


def disc(size: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(image, mask, box) of a bright disc on a dark ground, with noise."""
    ys, xs = np.mgrid[:size, :size] - size // 2
    mask = np.hypot(xs, ys) < size / 4
    noise = np.random.default_rng(0).integers(0, 30, (size, size, 3))
    image = (np.where(mask[..., None], (200, 90, 60), (40, 80, 120)) + noise).astype(np.uint8)
    rows = np.flatnonzero(mask.any(axis=1))
    return image, mask, np.array([rows[0], rows[0], len(rows), len(rows)], float)


@pytest.mark.parametrize("max_width", [480, 60], ids=["full size", "shrunk"])
def test_grabcut_finds_the_disc(max_width):
    image, mask, box = disc()
    found = grabcut_mask(image, box, max_width=max_width)
    assert found.shape == mask.shape
    assert jaccard(found, mask) > 0.95 - 0.05 * (max_width < 120)
    assert jaccard(found, mask) > jaccard(box_mask(box, *mask.shape), mask) + 0.1


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((0, 0, 120, 120), id="nothing outside the box to learn from"),
        pytest.param((50, 50, 1, 30), id="one pixel wide"),
        pytest.param((200, 200, 5, 5), id="outside"),
        pytest.param(NAN_BOX, id="absent"),
    ],
)
def test_grabcut_falls_back_to_the_box(box):
    box = np.array(box, float)
    assert (grabcut_mask(disc()[0], box) == box_mask(box, 120, 120)).all()


def test_grabcut_repeats_itself():
    image, _, box = disc()
    assert (grabcut_mask(image, box) == grabcut_mask(image, box)).all()
