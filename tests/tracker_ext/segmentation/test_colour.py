"""Undecided pixels by their colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracker_ext.segmentation.colour import LARGEST, UNDECIDED, WEIGHT, decide_by_colour
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate

BOX = np.array([20.0, 20.0, 24.0, 24.0])


def red_disc(radius: float = 12.0) -> tuple[np.ndarray, np.ndarray]:
    """A picture [64, 64, 3] of a red disc on green, with some noise, and its mask."""
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 31.5) ** 2 + (columns - 31.5) ** 2 < radius**2
    noise = np.random.default_rng(0).integers(0, 12, (64, 64, 3))
    return (np.where(disc[..., None], (200, 40, 30), (40, 160, 60)) + noise).astype(np.uint8), disc


def blurred_logits(shift: int) -> np.ndarray:
    """Logits of the disc with an outline that lies so many pixels too far inside, of a slope of 0.3 a pixel."""
    rows, columns = np.mgrid[:64, :64]
    return (0.3 * (12 - shift - np.hypot(rows - 31.5, columns - 31.5))).astype(np.float32).clip(-5, 5)


@pytest.mark.parametrize("shift", [-1, 0, 1, 2])
def test_the_outline_moves_to_where_the_colour_changes(shift):
    picture, disc = red_disc()
    logits = blurred_logits(shift)
    before, after = (
        np.count_nonzero((found > 0) != disc) for found in (logits, decide_by_colour(logits, picture, BOX))
    )
    assert after <= 0.6 * before if shift else after <= 8


def test_what_is_decided_stays_and_the_rest_moves_little():
    picture, _ = red_disc()
    logits = blurred_logits(1)
    moved = decide_by_colour(logits, picture, BOX) - logits
    assert not moved[np.abs(logits) >= UNDECIDED].any()
    assert 0.5 < np.abs(moved).max() <= WEIGHT * LARGEST + 1e-5


def test_a_picture_of_one_colour_changes_nothing():
    logits = blurred_logits(0)
    grey = np.full((64, 64, 3), 90, np.uint8)
    assert np.array_equal(decide_by_colour(logits, grey, BOX) > 0, logits > 0)


@pytest.mark.parametrize("box", [(-30, -30, 200, 200), (0, 0, 1, 1), (63, 63, 5, 5), (70, 70, 4, 4)])
def test_boxes_at_and_beyond_the_border_of_the_crop(box):
    picture, _ = red_disc()
    assert np.isfinite(decide_by_colour(blurred_logits(0), picture, np.array(box, dtype=float))).all()


def test_nothing_or_everything_of_one_kind():
    picture, _ = red_disc()
    for value in (0.0, 0.5, -0.5, 50.0, -50.0):
        assert np.isfinite(decide_by_colour(np.full((64, 64), value, np.float32), picture, BOX)).all()


@pytest.mark.parametrize("flip", [False, True])
def test_it_is_on_unless_told_otherwise(tiny_net, clip, flip):
    frames, boxes = clip
    config = AnnotateConfig(num_frames=3, interval=2, precision="float32", flip=flip)
    plain, coloured = (
        np.stack([result.logits[1] for result in annotate(frames, boxes, tiny_net, changed, keep_logits=True)])
        for changed in (replace(config, colour=False), config)
    )
    undecided = np.abs(plain) < UNDECIDED
    assert undecided.any() and (plain != coloured).any()
