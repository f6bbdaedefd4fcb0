"""Boxes (x, y, w, h): the check of a box that a user gives, the box of a mask, and the overlap of boxes.

A box covers the half-open pixel range [x, x + w) x [y, y + h) with the origin at the top left, so that a mask of one
pixel at (3, 5) has the box (3, 5, 1, 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltr_ext.errors import UserError

MOST_PIXELS = 1e7
"""No picture has pixels whose coordinates are larger than this."""


def check_box(box: Sequence[float], *, height: int, width: int, name: str) -> np.ndarray:
    """Return the box as an array, or refuse it.

    Args:
        box: (x, y, w, h) in image pixels.
        height: image height in pixels.
        width: image width in pixels.
        name: how messages call the box, for example "bear frame 12".

    Returns:
        [4] float64, the same numbers.

    Raises:
        UserError: the box is not four finite numbers, lies beyond any picture, has no area, or lies wholly outside the
            image.
    """
    shown = _shown(box)
    try:
        values = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (4,):
        raise UserError(f"{name}: box {shown} is not four numbers; give x,y,w,h in pixels")
    if not np.isfinite(values).all():
        raise UserError(f"{name}: box {shown} is not finite; give x,y,w,h in pixels")
    if np.abs(values).max() > MOST_PIXELS:
        raise UserError(f"{name}: box {shown} lies beyond any picture; give x,y,w,h in pixels")
    x, y, w, h = values
    if w <= 0 or h <= 0:
        raise UserError(f"{name}: box {shown} has no area; correct the box")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise UserError(f"{name}: box {shown} lies wholly outside the {width}x{height} image; correct the box")
    return values


def mask_to_box(mask: np.ndarray) -> np.ndarray | None:
    """The box through the extreme points of a mask (paper section 4.3).

    Args:
        mask: [H, W]; nonzero where the object is.

    Returns:
        [4] float64 (x, y, w, h) in pixels of the mask, or None for an empty mask.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    x, y = columns[0], rows[0]
    return np.array([x, y, columns[-1] - x + 1, rows[-1] - y + 1], dtype=np.float64)


def box_iou(boxes_a: np.ndarray, boxes_b: np.ndarray) -> np.ndarray:
    """The intersection over union of each box and its counterpart.

    Args:
        boxes_a: [..., 4] (x, y, w, h).
        boxes_b: [..., 4] (x, y, w, h); its leading shape is the same, or can be broadcast.

    Returns:
        [...] float64 in 0..1; 0 where neither box has an area.
    """
    a, b = np.asarray(boxes_a, dtype=np.float64), np.asarray(boxes_b, dtype=np.float64)
    top_left = np.maximum(a[..., :2], b[..., :2])
    bottom_right = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    overlap = np.clip(bottom_right - top_left, 0, None).prod(axis=-1)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def _shown(box: Sequence[float]) -> str:
    """The box as the user wrote it: numbers without trailing zeros."""
    try:
        return "(" + ", ".join(f"{value:g}" for value in box) + ")"
    except (TypeError, ValueError):
        return repr(box)
