"""Soft edges: how much of each pixel an object covers, from its mask and the colours of the frame.

A guided filter (He, Sun, Tang, "Guided Image Filtering", 2013) fits the mask in each small window by a linear function
of the colours. So the edge moves onto the edge in the picture, and is as soft as that one. The network's probability in
place of the mask is worse: it is broad where the network is unsure, not where the edge is soft (docs/export.md).

Shapes: H W image pixels.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box

RADIUS_SHARE = 0.003
"""Radius of the filter's windows, as a part of the geometric mean of the frame's sides: 4 pixels at 1080p."""
MIN_RADIUS = 2
"""Pixels."""
EPSILON = 1e-5
"""Variance of colours (0..1) below which a window is flat: nothing in it guides."""


def edge_radius(image_hw: tuple[int, int]) -> int:
    """The radius of the filter for a frame of this size, in pixels."""
    return max(MIN_RADIUS, round(RADIUS_SHARE * float(np.sqrt(image_hw[0] * image_hw[1]))))


def alphas_of(frame: np.ndarray, labels: np.ndarray, object_ids: Iterable[int]) -> dict[int, np.ndarray]:
    """Compute the alpha of each object that a frame shows.

    Args:
        frame: [H, W, 3] uint8 RGB.
        labels: [H, W], whose pixel values are object ids.
        object_ids: the ids of all objects of the clip.

    Returns:
        [H, W] uint8 by object id, see `soft_edges`; pixels of other objects count as background.
    """
    found = {}
    for object_id in object_ids:
        mask = labels == object_id
        if mask.any():
            found[object_id] = soft_edges(frame, mask)
    return found


def soft_edges(frame: np.ndarray, mask: np.ndarray, radius: int | None = None) -> np.ndarray:
    """Compute the alpha of one object.

    Far from the edge of the mask it is 0 or 255; near the edge it is the output of the guided filter.

    Args:
        frame: [H, W, 3] uint8 RGB.
        mask: [H, W] bool, the object's pixels.
        radius: the radius of the filter in pixels; None takes that of `edge_radius`.

    Returns:
        [H, W] uint8, 0..255.
    """
    alpha = mask.astype(np.uint8) * np.uint8(255)
    box = mask_to_box(mask)
    if box is None:
        return alpha
    radius = edge_radius(mask.shape) if radius is None else radius
    x, y, w, h = (int(side) for side in box)
    margin = 4 * radius  # twice the reach of the filter beyond the band
    area = (slice(max(y - margin, 0), y + h + margin), slice(max(x - margin, 0), x + w + margin))
    near = edge_band(mask[area], 2 * radius)
    found = guided_filter(frame[area].astype(np.float32) / 255, mask[area].astype(np.float32), radius, EPSILON)
    alpha[area] = np.where(near, np.rint(found.clip(0, 1) * 255), alpha[area]).astype(np.uint8)
    return alpha


def edge_band(mask: np.ndarray, width: int) -> np.ndarray:
    """The pixels within `width` pixels of the edge of a mask [H, W] bool, as [H, W] bool.

    The border of the image is no edge.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    values = mask.astype(np.uint8)
    return np.asarray(cv2.dilate(values, kernel) != cv2.erode(values, kernel))


def guided_filter(guide: np.ndarray, values: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Apply the guided filter with a colour picture as the guide.

    Args:
        guide: [H, W, 3] float32, 0..1.
        values: [H, W] float32, the values to filter.
        radius: the radius of the square windows in pixels; their side is 2 radius + 1.
        epsilon: the ridge of the regression, in squared units of the guide.

    Returns:
        [H, W] float32; may go a little beyond the range of the values.
    """

    def mean(maps: np.ndarray) -> np.ndarray:
        side = 2 * radius + 1
        return np.asarray(cv2.boxFilter(maps, -1, (side, side), borderType=cv2.BORDER_REFLECT))

    # In double precision: variances are small differences of large means.
    guide, values = guide.astype(np.float64), values.astype(np.float64)
    guide_mean, value_mean = mean(guide), mean(values)
    covariance = mean(guide * values[..., None]) - guide_mean * value_mean[..., None]
    variance = np.empty((*values.shape, 3, 3))
    for i in range(3):
        for j in range(i, 3):
            spread = mean(guide[..., i] * guide[..., j]) - guide_mean[..., i] * guide_mean[..., j]
            variance[..., i, j] = variance[..., j, i] = spread
    slope = np.linalg.solve(variance + epsilon * np.eye(3), covariance[..., None])[..., 0]
    offset = value_mean - (slope * guide_mean).sum(axis=-1)
    return ((mean(slope) * guide).sum(axis=-1) + mean(offset)).astype(np.float32)
