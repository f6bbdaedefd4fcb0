"""Masks that need no learning: the filled box, and what GrabCut makes of it."""

from __future__ import annotations

import cv2
import numpy as np

GRABCUT_ITERATIONS = 5
GRABCUT_MAX_WIDTH = 480
"""Wider frames are shrunk to this before GrabCut: it takes seconds at full size."""


def box_mask(box: np.ndarray, height: int, width: int) -> np.ndarray:
    """The filled box, edges rounded to whole pixels and cut at the image.

    Args:
        box: [4] (x, y, w, h), pixels; nan for an absent object.
        height: rows.
        width: columns.

    Returns:
        [height, width] bool; empty for a nan box.
    """
    mask = np.zeros((height, width), bool)
    if np.isfinite(box).all():
        x0, y0, x1, y1 = _corners(box, height, width)
        mask[y0:y1, x0:x1] = True
    return mask


def grabcut_mask(
    image: np.ndarray,
    box: np.ndarray,
    max_width: int = GRABCUT_MAX_WIDTH,
) -> np.ndarray:
    """Segment one frame by GrabCut (Rother et al. 2004) from a box; the filled box where that fails.

    Args:
        image: [H, W, 3] uint8 RGB.
        box: [4] (x, y, w, h), pixels; nan for an absent object.
        max_width: wider images are shrunk to this width for the computation.

    Returns:
        [H, W] bool; empty for a nan box.
    """
    height, width = image.shape[:2]
    filled = box_mask(box, height, width)
    scale = min(1.0, max_width / width)
    small_h, small_w = max(1, round(height * scale)), max(1, round(width * scale))
    if not filled.any():
        return filled
    scales = np.tile((small_w / width, small_h / height), 2)
    x0, y0, x1, y1 = _corners(np.asarray(box) * scales, small_h, small_w)
    if x1 - x0 < 2 or y1 - y0 < 2 or (x1 - x0) * (y1 - y0) >= small_h * small_w:
        # Nothing to learn one of the two colour models from.
        return filled
    small = image if scale == 1.0 else cv2.resize(image, (small_w, small_h), interpolation=cv2.INTER_AREA)
    labels = np.zeros((small_h, small_w), np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(
            np.ascontiguousarray(small[..., ::-1]),
            labels,
            (x0, y0, x1 - x0, y1 - y0),
            *models,
            GRABCUT_ITERATIONS,
            cv2.GC_INIT_WITH_RECT,
        )
    except cv2.error:
        return filled
    found = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    if not found.any():
        return filled
    return cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)


def _corners(box: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) of a box in whole pixels, half-open, inside the image."""
    edges = np.rint(np.concatenate([box[:2], np.asarray(box[:2]) + box[2:]]))
    x0, y0, x1, y1 = np.clip(edges, 0, (width, height, width, height)).astype(int).tolist()
    return x0, y0, x1, y1
