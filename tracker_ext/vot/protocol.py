"""Regions of TraX, the VOT toolkit's wire protocol, to and from masks and boxes of ours (vot-trax 4).

Traps of vot-trax: `array()` of a mask is the content of its box only; `Mask.create` copies raw memory, so that anything
but contiguous bytes becomes another mask; where a tracker takes masks only, the toolkit's side makes an empty,
displaced mask of a polygon, so we take every kind of region and convert here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.errors import UserError
from tracker_ext.video.regions import decode_region, paste

REGION_TYPES = ("rectangle", "polygon", "mask")
"""What we take; the toolkit converts nothing then."""


def load_trax() -> Any:
    """The module `trax` of vot-trax.

    Raises:
        UserError: it is not installed, or is version 3, whose calls differ.
    """
    try:
        import trax
    except ImportError as error:
        raise UserError(f"vot-trax cannot be imported ({error}): run pip install 'vot-trax>=4.0.2,<5'") from error
    if not hasattr(trax, "Server") or not hasattr(trax.server.Request, "objects"):
        raise UserError("vot-trax: is version 3; run pip install 'vot-trax>=4.0.2,<5'")
    return trax


def region_mask(region: Any, image_hw: tuple[int, int]) -> np.ndarray:
    """A region as a mask of the whole image.

    Args:
        region: a `trax.Mask`, `trax.Rectangle` or `trax.Polygon`.
        image_hw: (height, width).

    Returns:
        [H, W] bool; what lies outside the image is cut off. Rectangle and polygon are filled.

    Raises:
        UserError: a region of another kind.
    """
    if region.type == "mask":
        x, y = region.offset()
        return paste(region.array() > 0, x, y, *image_hw)
    return decode_region(",".join(f"{value!r}" for value in _numbers(region)), *image_hw)


def region_box(region: Any, image_hw: tuple[int, int]) -> np.ndarray:
    """A region's box.

    Args:
        region: as `region_mask`.
        image_hw: (height, width).

    Returns:
        [4] float64 (x, y, w, h), image pixels: a rectangle as it is, else the box around a polygon's corners or around
        the mask's pixels in the image.

    Raises:
        UserError: a region of another kind, or a mask without a pixel in the image.
    """
    if region.type == "mask":
        box = mask_to_box(region_mask(region, image_hw))
        if box is None:
            raise UserError("region of the first frame: an empty mask; the sequence needs another anchor")
        return box
    numbers = np.array(_numbers(region), dtype=np.float64)
    if region.type == "rectangle":
        return numbers
    corners = numbers.reshape(-1, 2)
    return np.concatenate([corners.min(axis=0), np.ptp(corners, axis=0)])


def mask_region(mask: np.ndarray) -> Any:
    """A mask as `trax.Mask` at offset (0, 0).

    Args:
        mask: [H, W], object where not 0; any memory layout. An empty one is what the toolkit takes for a lost target.
    """
    return load_trax().Mask.create(np.ascontiguousarray(np.asarray(mask) != 0, dtype=np.uint8), x=0, y=0)


def rectangle_region(box: np.ndarray) -> Any:
    """A box (x, y, w, h), image pixels, as `trax.Rectangle`."""
    x, y, w, h = (float(value) for value in box)
    return load_trax().Rectangle.create(x, y, w, h)


def _numbers(region: Any) -> list[float]:
    """x, y, w, h of a rectangle, or x0, y0, x1, y1, ... of a polygon."""
    if region.type == "rectangle":
        return [float(value) for value in region.bounds()]
    if region.type == "polygon":
        return [float(value) for corner in region for value in corner]
    raise UserError(f"region of the first frame: is a {region.type}; the sequence needs {', '.join(REGION_TYPES)}")
