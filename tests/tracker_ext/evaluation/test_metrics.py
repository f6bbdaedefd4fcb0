"""Scores: tables of known values, and F against its definition written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tracker_ext.evaluation import metrics


def square(x: int, y: int, size: int, height: int = 24, width: int = 32) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[y : y + size, x : x + size] = True
    return mask


EMPTY = square(0, 0, 0)


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        pytest.param(square(2, 2, 4), square(2, 2, 4), 1.0, id="equal"),
        pytest.param(square(2, 2, 4), square(10, 10, 4), 0.0, id="apart"),
        pytest.param(square(2, 2, 4), square(4, 2, 4), 8 / 24, id="half over"),
        pytest.param(EMPTY, EMPTY, 1.0, id="both empty: nothing is wrong"),
        pytest.param(EMPTY, square(2, 2, 4), 0.0, id="object missed"),
        pytest.param(square(2, 2, 4), EMPTY, 0.0, id="object invented"),
    ],
)
def test_jaccard(predicted, truth, expected):
    assert metrics.jaccard(predicted, truth) == pytest.approx(expected)


def test_ignored_pixels_count_in_neither_union_nor_intersection():
    truth = square(2, 2, 4).astype(np.uint8)
    truth[:, 6:] = 255
    predicted = square(2, 2, 4) | square(8, 2, 4)
    assert metrics.jaccard(predicted, truth == 1, truth == 255) == 1.0
    assert metrics.jaccard(predicted, truth == 1) < 1.0
    assert metrics.boundary_f(predicted, truth == 1, truth == 255) == 1.0


def test_masks_of_different_size_are_refused():
    with pytest.raises(ValueError, match=r"\(24, 32\).*\(10, 10\)"):
        metrics.jaccard(EMPTY, np.zeros((10, 10)))


def brute_force_f(predicted: np.ndarray, truth: np.ndarray, radius: int) -> float:
    """The DAVIS definition pixel by pixel."""

    def boundary(mask):
        height, width = mask.shape
        points = []
        for y in range(height):
            for x in range(width):
                others = [(y, min(x + 1, width - 1)), (min(y + 1, height - 1), x)]
                others.append((others[1][0], others[0][1]))
                if any(mask[y, x] != mask[other] for other in others):
                    points.append((y, x))
        return points

    def share(these, those):
        near = [any((y - v) ** 2 + (x - u) ** 2 <= radius**2 for v, u in those) for y, x in these]
        return sum(near) / len(near)

    a, b = boundary(predicted), boundary(truth)
    if not a or not b:
        return float(len(a) == len(b))
    precision, recall = share(a, b), share(b, a)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("tolerance", [0.008, 0.05, 0.1])
def test_boundary_f_follows_the_definition(tolerance):
    rng = np.random.default_rng(3)
    shape = (14, 18)
    empty = np.zeros(shape, bool)
    radius = math.ceil(tolerance * math.hypot(*shape))
    squares = [square(*values, *shape) for values in ((0, 0, 4), (12, 8, 6), (5, 4, 5), (6, 3, 5))]
    masks = [empty, ~empty, *squares]
    masks += [rng.random(shape) < density for density in (0.01, 0.3)]
    for predicted in masks:
        for truth in masks:
            expected = brute_force_f(predicted, truth, radius)
            assert metrics.boundary_f(predicted, truth, tolerance=tolerance) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        pytest.param(EMPTY, EMPTY, 1.0, id="both empty"),
        pytest.param(EMPTY, square(5, 5, 6), 0.0, id="object missed"),
        pytest.param(square(5, 5, 6), EMPTY, 0.0, id="object invented"),
        pytest.param(square(5, 5, 6), square(6, 5, 6), 1.0, id="one pixel off is within tolerance"),
    ],
)
def test_boundary_f_of_special_masks(predicted, truth, expected):
    assert metrics.boundary_f(predicted, truth) == expected


OVERLAPS = [1.0, 0.75, 0.5, 0.0]


def test_overlap_scores():
    assert metrics.average_overlap(OVERLAPS) == pytest.approx(0.5625)
    assert metrics.success_rate(OVERLAPS, 0.5) == 0.5, "an overlap equal to the threshold is no success"
    assert metrics.success_rate(OVERLAPS, 0.75) == 0.25
    assert math.isnan(metrics.average_overlap([]))
    assert math.isnan(metrics.success_rate([], 0.5))


def test_success_curve():
    curve = metrics.success_curve(OVERLAPS)
    assert curve.shape == (21,)
    assert curve[0] == 0.75 and curve[-1] == 0.0
    assert (np.diff(curve) <= 0).all()


@pytest.mark.parametrize(
    ("predicted", "precision", "normalised"),
    [
        pytest.param((10, 10, 40, 20), 1.0, 1.0, id="equal"),
        pytest.param((30, 10, 40, 20), 1.0, 0.0, id="20 px: inside 20, outside 0.2 of 40"),
        pytest.param((18, 10, 40, 20), 1.0, 1.0, id="8 px: 0.2 of 40"),
        pytest.param((10, 15, 40, 20), 1.0, 0.0, id="5 px: 0.25 of 20"),
        pytest.param((31, 10, 40, 20), 0.0, 0.0, id="21 px"),
    ],
)
def test_centre_precision(predicted, precision, normalised):
    truth = np.array([(10, 10, 40, 20)], float)
    boxes = np.array([predicted], float)
    assert metrics.precision(boxes, truth) == precision
    assert metrics.normalised_precision(boxes, truth) == normalised
