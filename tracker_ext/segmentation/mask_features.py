"""What a mask and its logits say about the mask's quality: the raw material of its confidence.

Shapes: H W image pixels.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import cv2
import numpy as np

from tracker_ext.segmentation.segment import BACKGROUND_LOGIT

UNSURE = 2.0
"""A pixel is undecided if its logit lies within this of 0 (probability 0.12 to 0.88)."""


@dataclass(frozen=True)
class MaskFeatures:
    """Of one mask that is not empty. All are finite; without a given box those that need one are neutral."""

    soft_iou: float
    """Expected intersection over expected union of the mask and a truth drawn pixel by pixel from the sigmoid."""
    mean_probability: float
    """Mean of the sigmoid over the mask, 0..1."""
    unsure: float
    """Undecided pixels over the mask's area."""
    boundary_slope: float
    """Mean |logit|, at most 10, of the mask's outermost pixels: high where object and background part sharply."""
    tightness: float
    """IoU of the mask's own box and the given one; 1 without one."""
    fill: float
    """Area over that of the mask's own box, 0..1."""
    log_size: float
    """log2 of the square root of the area: small masks lose more J to a pixel of error."""
    roughness: float
    """log2 of boundary pixels over those of a disc of the same area."""
    log_parts: float
    """log2 of the number of parts."""


NAMES = tuple(f.name for f in fields(MaskFeatures))
"""In the order of `as_vector`."""


def as_vector(features: MaskFeatures) -> np.ndarray:
    """[len(NAMES)] float64."""
    return np.array(astuple(features), dtype=np.float64)


def mask_features(
    logits: np.ndarray,
    mask: np.ndarray,
    own: np.ndarray,
    given: np.ndarray | None,
    parts: int,
    tightness: float,
) -> MaskFeatures:
    """Compute them.

    Args:
        logits: [H, W] float32; at or below `BACKGROUND_LOGIT` where nothing was predicted.
        mask: [H, W] bool, not empty.
        own: [4] box of the mask, whole pixels.
        given: [4] given box, or None.
        parts: of the mask, at least 1.
        tightness: of the mask; ignored without a given box.
    """
    region = _predicted_region(logits, own)
    inside, local = mask[region], np.maximum(logits[region], BACKGROUND_LOGIT / 2)
    probability = 1 / (1 + np.exp(-local))
    area = int(np.count_nonzero(inside))
    object_sum = float(probability[inside].sum(dtype=np.float64))
    boundary = inside & ~erode(inside)
    length = int(np.count_nonzero(boundary))
    return MaskFeatures(
        soft_iou=object_sum / (area + float(probability[~inside].sum(dtype=np.float64))),
        mean_probability=object_sum / area,
        unsure=float(np.count_nonzero(np.abs(local) < UNSURE)) / area,
        boundary_slope=float(np.minimum(np.abs(local[boundary]), 10.0).mean()),
        tightness=1.0 if given is None else tightness,
        fill=area / float(own[2] * own[3]),
        log_size=0.5 * float(np.log2(area)),
        roughness=float(np.log2(length / (2 * np.sqrt(np.pi * area)))),
        log_parts=float(np.log2(max(parts, 1))),
    )


def erode(mask: np.ndarray) -> np.ndarray:
    """[H, W] bool without the pixels that have one outside among their 8 neighbours; beyond the image is outside."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(bool)


def _predicted_region(logits: np.ndarray, own: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that hold the mask and every pixel with a prediction."""
    predicted = logits > BACKGROUND_LOGIT / 2
    rows, columns = np.flatnonzero(predicted.any(axis=1)), np.flatnonzero(predicted.any(axis=0))
    x, y, w, h = own.astype(int).tolist()
    top, bottom = (min(y, rows[0]), max(y + h, rows[-1] + 1)) if rows.size else (y, y + h)
    left, right = (min(x, columns[0]), max(x + w, columns[-1] + 1)) if columns.size else (x, x + w)
    return slice(int(top), int(bottom)), slice(int(left), int(right))
