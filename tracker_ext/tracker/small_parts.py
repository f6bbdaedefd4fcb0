"""Removes small parts of a mask."""

from __future__ import annotations

import cv2
import numpy as np


def drop_small_parts(mask: np.ndarray, min_part: float) -> np.ndarray:
    """Keep the parts of a mask that have at least `min_part` of the largest part's pixels.

    Args:
        mask: [H, W] bool.
        min_part: share of the largest part's area; 0 keeps all parts.

    Returns:
        [H, W] bool.
    """
    if min_part <= 0 or not mask.any():
        return mask
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count == 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return (areas >= min_part * areas.max())[parts] & mask
