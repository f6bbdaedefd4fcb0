"""Scores of masks and boxes: J, F, AO, SR, success curve, precision.

Pure functions on arrays. Masks are one object at a time, [H, W], object where true; a pixel of
`IGNORE_LABEL` in the label map it came from is passed as `ignore` and counts nowhere. Boxes are
(x, y, w, h) in image pixels; which frames enter a box score is the caller's business.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

BOUNDARY_TOLERANCE = 0.008
"""Distance at which two boundaries still agree, as a part of the image diagonal (DAVIS)."""

PRECISION_PIXELS = 20.0
"""Distance of the centres at which a box is still a hit."""
PRECISION_SHARE = 0.2
"""The same in widths and heights of the true box."""

DECAY_PARTS = 4
"""Parts of a clip of which the first and the last are compared."""

SUCCESS_THRESHOLDS = np.linspace(0.0, 1.0, 21)
"""Overlap thresholds of the success curve."""


def jaccard(predicted: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None = None) -> float:
    """Region similarity J: intersection over union of two masks.

    Args:
        predicted: [H, W], object where true.
        truth: [H, W], object where true.
        ignore: [H, W], pixels that do not count; None for none.

    Returns:
        0..1; 1 where both masks are empty.

    Raises:
        ValueError: the masks differ in size.
    """
    a, b = _two_masks(predicted, truth, ignore)
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def boundary_f(
    predicted: np.ndarray,
    truth: np.ndarray,
    ignore: np.ndarray | None = None,
    tolerance: float = BOUNDARY_TOLERANCE,
) -> float:
    """Contour accuracy F of the DAVIS benchmark: the F-measure of boundary pixels matched within a tolerance.

    Args:
        predicted: [H, W], object where true.
        truth: [H, W], object where true.
        ignore: [H, W], pixels taken as background in both masks; None for none.
        tolerance: radius of the disk within which a boundary pixel is matched, as a part of the
            image diagonal, rounded up to whole pixels.

    Returns:
        0..1; 1 where both masks are empty.

    Raises:
        ValueError: the masks differ in size.
    """
    a, b = _two_masks(predicted, truth, ignore)
    radius = int(np.ceil(tolerance * np.hypot(*a.shape)))
    boundary_a, boundary_b = mask_boundary(a), mask_boundary(b)
    count_a, count_b = np.count_nonzero(boundary_a), np.count_nonzero(boundary_b)
    if count_a == 0 or count_b == 0:
        # One empty boundary: precision or recall is 0, hence F; two: nothing is wrong.
        return float(count_a == count_b)
    window = _common_window(boundary_a, boundary_b)
    matched_a = np.count_nonzero(boundary_a[window] & _dilate(boundary_b[window], radius))
    matched_b = np.count_nonzero(boundary_b[window] & _dilate(boundary_a[window], radius))
    precision, recall = matched_a / count_a, matched_b / count_b
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def mask_boundary(mask: np.ndarray) -> np.ndarray:
    """Boundary pixels as DAVIS counts them: those that differ from the right, lower or lower right neighbour.

    Args:
        mask: [H, W], object where true.

    Returns:
        [H, W] bool. The image border itself is no boundary.
    """
    mask = np.asarray(mask, dtype=bool)
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (mask ^ right) | (mask ^ below) | (mask ^ diagonal)


def decay(values: Sequence[float] | np.ndarray) -> float:
    """How much a measure falls over a clip, as the DAVIS benchmark counts it: mean of the first quarter minus the last.

    Neighbouring quarters share the frame between them.

    Args:
        values: [N] of the frames in order.

    Returns:
        -1..1, above 0 if it falls; nan without frames.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        return float("nan")
    edges = np.floor(np.linspace(0, values.size - 1, DECAY_PARTS + 1) + 0.5 + 1e-10).astype(int)
    return float(values[: edges[1] + 1].mean() - values[edges[-2] :].mean())


def average_overlap(overlaps: Sequence[float] | np.ndarray) -> float:
    """AO: the mean of the frames' box overlaps, 0..1; nan without frames."""
    values = np.asarray(overlaps, dtype=np.float64)
    return float(values.mean()) if values.size else float("nan")


def success_rate(overlaps: Sequence[float] | np.ndarray, threshold: float) -> float:
    """SR: the share of frames whose box overlap exceeds the threshold, 0..1; nan without frames."""
    values = np.asarray(overlaps, dtype=np.float64)
    return float((values > threshold).mean()) if values.size else float("nan")


def success_curve(
    overlaps: Sequence[float] | np.ndarray, thresholds: Sequence[float] | np.ndarray = SUCCESS_THRESHOLDS
) -> np.ndarray:
    """Success rate at each threshold; its mean is the area under the curve (AUC).

    Args:
        overlaps: [N] box overlaps.
        thresholds: [K] in 0..1.

    Returns:
        [K] float64 in 0..1, not increasing; nan without frames.
    """
    return np.array([success_rate(overlaps, threshold) for threshold in thresholds])


def centre_distances(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance of the box centres, frame by frame.

    Args:
        predicted: [N, 4] (x, y, w, h).
        truth: [N, 4] (x, y, w, h).

    Returns:
        [N] float64, pixels.
    """
    return np.hypot(*centre_offsets(predicted, truth).T)


def precision(predicted: np.ndarray, truth: np.ndarray, pixels: float = PRECISION_PIXELS) -> float:
    """Share of frames whose box centre lies within `pixels` of the true one, 0..1; nan without frames.

    Args:
        predicted: [N, 4] (x, y, w, h).
        truth: [N, 4] (x, y, w, h).
        pixels: the distance that still counts as a hit.
    """
    distances = centre_distances(predicted, truth)
    return float((distances <= pixels).mean()) if distances.size else float("nan")


def normalised_precision(predicted: np.ndarray, truth: np.ndarray, threshold: float = PRECISION_SHARE) -> float:
    """`precision` with the offset measured in widths and heights of the true box.

    Args:
        predicted: [N, 4] (x, y, w, h).
        truth: [N, 4] (x, y, w, h); a box without area is never hit.
        threshold: the normalised distance that still counts as a hit.

    Returns:
        0..1; nan without frames.
    """
    truth = np.asarray(truth, dtype=np.float64).reshape(-1, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.hypot(*(centre_offsets(predicted, truth) / truth[:, 2:]).T)
    hits = (distances <= threshold) & (truth[:, 2:] > 0).all(axis=1)
    return float(hits.mean()) if distances.size else float("nan")


def centre_offsets(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """From the true centre to the predicted one.

    Args:
        predicted: [N, 4] (x, y, w, h).
        truth: [N, 4] (x, y, w, h).

    Returns:
        [N, 2] float64 (x, y), pixels.
    """
    a = np.asarray(predicted, dtype=np.float64).reshape(-1, 4)
    b = np.asarray(truth, dtype=np.float64).reshape(-1, 4)
    return (a[:, :2] + a[:, 2:] / 2) - (b[:, :2] + b[:, 2:] / 2)


def _two_masks(predicted: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(predicted, dtype=bool), np.asarray(truth, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"predicted mask {a.shape} and true mask {b.shape} differ in size")
    if ignore is not None and ignore.any():
        a, b = a & ~ignore, b & ~ignore
    return a, b


def _common_window(a: np.ndarray, b: np.ndarray) -> tuple[slice, slice]:
    """The smallest window that holds every pixel of two non-empty masks."""
    either = a | b
    rows, columns = np.flatnonzero(either.any(axis=1)), np.flatnonzero(either.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _dilate(boundary: np.ndarray, radius: int) -> np.ndarray:
    """Dilation by a disk x^2 + y^2 <= radius^2: [H, W] bool to [H, W] bool."""
    offsets = np.arange(-radius, radius + 1)
    disk = offsets[:, None] ** 2 + offsets**2 <= radius**2
    return cv2.dilate(boundary.astype(np.uint8), disk.astype(np.uint8)).astype(bool)
