"""Converts regions of TraX, the VOT toolkit's wire protocol (vot-trax 4), to masks and boxes, and back.

vot-trax has three pitfalls: `array()` of a mask holds only the contents of the mask's box; `Mask.create` copies raw
memory, so any array but one of contiguous bytes becomes another mask; and for a tracker that accepts only masks, the
toolkit converts a polygon to an empty, displaced mask. Therefore we accept every kind of region and convert it here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.errors import UserError
from tracker_ext.video.regions import decode_region, paste

REGION_TYPES = ("rectangle", "polygon", "mask")
"""The kinds of regions that we accept, so that the toolkit converts none."""


def load_trax() -> Any:
    """The module `trax` of vot-trax.

    Raises:
        UserError: it is not installed, or has version 3, whose interface differs.
    """
    try:
        import trax
    except ImportError as error:
        raise UserError(f"vot-trax cannot be imported ({error}): run pip install 'vot-trax>=4.0.2,<5'") from error
    if not hasattr(trax, "Server") or not hasattr(trax.server.Request, "objects"):
        raise UserError("vot-trax: is version 3; run pip install 'vot-trax>=4.0.2,<5'")
    return trax


def region_mask(region: Any, image_hw: tuple[int, int]) -> np.ndarray:
    """Convert a region to a mask of the whole image.

    Args:
        region: a `trax.Mask`, `trax.Rectangle` or `trax.Polygon`.
        image_hw: (height, width) of the image.

    Returns:
        [H, W] bool, cut off at the image's border. Rectangles and polygons are filled.

    Raises:
        UserError: the region has another kind.
    """
    if region.type == "mask":
        x, y = region.offset()
        return paste(region.array() > 0, x, y, *image_hw)
    return decode_region(",".join(f"{value!r}" for value in _numbers(region)), *image_hw)


def region_box(region: Any, image_hw: tuple[int, int]) -> np.ndarray:
    """Convert a region to a box.

    Args:
        region: see `region_mask`.
        image_hw: (height, width) of the image.

    Returns:
        [4] float64 (x, y, w, h) in image pixels: the rectangle itself, or the box around the corners of a polygon or
        around a mask's pixels in the image.

    Raises:
        UserError: the region has another kind, or is a mask without pixels in the image.
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
    """Convert a mask to a `trax.Mask` at offset (0, 0).

    Args:
        mask: [H, W] in any memory layout, nonzero where the object is. For the toolkit, an empty mask is a lost target.
    """
    return load_trax().Mask.create(np.ascontiguousarray(np.asarray(mask) != 0, dtype=np.uint8), x=0, y=0)


def rectangle_region(box: np.ndarray) -> Any:
    """Convert a box (x, y, w, h) in image pixels to a `trax.Rectangle`."""
    x, y, w, h = (float(value) for value in box)
    return load_trax().Rectangle.create(x, y, w, h)


def _numbers(region: Any) -> list[float]:
    """x, y, w, h of a rectangle, or x0, y0, x1, y1, ... of a polygon."""
    if region.type == "rectangle":
        return [float(value) for value in region.bounds()]
    if region.type == "polygon":
        return [float(value) for corner in region for value in corner]
    raise UserError(f"region of the first frame: is a {region.type}; the sequence needs {', '.join(REGION_TYPES)}")
