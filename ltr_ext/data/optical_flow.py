"""Dense optical flow (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016), by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np

LOUDEST = 99.0
"""Percentile of the magnitudes that is shown as white."""
QUIETEST = 2.0
"""Pixels; motion that is nowhere more than this is not made louder."""


def dense_flow(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Where each pixel was in the frame before.

    Args:
        now: [H, W, 3] uint8 RGB.
        before: the same region of the frame before.

    Returns:
        [H, W, 2] float32 (x, y) pixels; pixel p of `now` was at p + flow(p).
    """
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (now, before)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return search.calc(grey[0], grey[1], np.zeros((*grey[0].shape, 2), np.float32))


def flow_picture(flow: np.ndarray) -> np.ndarray:
    """The magnitude of motion against the median motion, which is mostly the camera's, as a grey picture.

    Args:
        flow: [H, W, 2] float32 pixels.

    Returns:
        [H, W, 3] uint8.
    """
    magnitude = np.linalg.norm(flow - np.median(flow, axis=(0, 1)), axis=-1)
    loudest = max(float(np.percentile(magnitude, LOUDEST)), QUIETEST)
    grey = np.rint(np.clip(magnitude * (255 / loudest), 0, 255)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
