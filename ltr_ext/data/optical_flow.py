"""Dense optical flow by OpenCV (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016)."""

from __future__ import annotations

import cv2
import numpy as np

LOUDEST = 99.0
"""Percentile of the magnitudes that becomes white."""
QUIETEST = 2.0
"""Smallest magnitude in pixels that becomes white, so that little motion is not amplified."""


def dense_flow(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Estimate the position of each pixel in the preceding frame.

    Args:
        now: [H, W, 3] uint8 RGB.
        before: [H, W, 3] uint8 RGB, the same region of the preceding frame.

    Returns:
        [H, W, 2] float32 (x, y) pixels; pixel p of `now` was at p + flow(p).
    """
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (now, before)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return search.calc(grey[0], grey[1], np.zeros((*grey[0].shape, 2), np.float32))


def flow_picture(flow: np.ndarray) -> np.ndarray:
    """Draw the magnitude of the motion relative to the median motion, which is mostly that of the camera, in grey.

    Args:
        flow: [H, W, 2] float32 (x, y) pixels.

    Returns:
        [H, W, 3] uint8, with three equal channels.
    """
    magnitude = np.linalg.norm(flow - np.median(flow, axis=(0, 1)), axis=-1)
    loudest = max(float(np.percentile(magnitude, LOUDEST)), QUIETEST)
    grey = np.rint(np.clip(magnitude * (255 / loudest), 0, 255)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
