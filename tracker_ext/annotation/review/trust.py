"""How far a mask can be trusted: measured frame by frame, without ground truth.

Shapes: H W image pixels.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.data.trust_table import Trust
from tracker_ext.segmentation.confidence import Calibration, confidence

MIN_PART_SHARE = 0.01
"""Smallest connected part that counts, as a share of the mask's area."""


class TrustMeter:
    """Measures the masks of one object of one sequence, in the order of the frames."""

    def __init__(self, calibration: Calibration | None = None) -> None:
        """Start a sequence.

        Args:
            calibration: of the weights that the logits come from (`load_calibration`); without one, confidences
                are soft IoUs.
        """
        self._calibration = calibration
        self._previous_area: int | None = None

    def measure(self, logits: np.ndarray | None, mask: np.ndarray, box: np.ndarray | None, boxed: bool) -> Trust:
        """Judge one mask.

        Args:
            logits: [H, W] float32 of the object, `BACKGROUND_LOGIT` where nothing was predicted; None if unknown.
            mask: [H, W] bool, as it is written: where objects overlap, only a part of logits > 0.
            box: [4] (x, y, w, h), image pixels; None or nan without one.
            boxed: whether this is a boxed frame: its box is given, not interpolated. Only then is there a tightness.

        Returns:
            See `Trust`. An object that has neither a mask nor a given box is taken for absent: its confidence is nan,
            and the next area is compared with that of its last mask.
        """
        area = int(np.count_nonzero(mask))
        given = box if boxed and box is not None and np.isfinite(box).all() else None
        own = mask_to_box(mask) if area else None
        return Trust(
            confidence=self._confidence(logits, mask, area, given is not None),
            tightness=tightness_of(own, given),
            area=area,
            area_jump=self._area_jump(area, given is not None),
            parts=count_parts(mask, own),
            touches_border=bool(area and _touches_border(mask)),
        )

    def _confidence(self, logits: np.ndarray | None, mask: np.ndarray, area: int, given: bool) -> float:
        if area == 0:
            return 0.0 if given else math.nan
        return math.nan if logits is None else confidence(logits, mask, self._calibration)

    def _area_jump(self, area: int, given: bool) -> float:
        previous, absent = self._previous_area, area == 0 and not given
        if absent:
            return math.nan
        self._previous_area = area
        # One pixel is added to both, so that appearing and vanishing are large jumps, not infinite ones.
        return math.nan if previous is None else abs(math.log2((area + 1) / (previous + 1)))


def tightness_of(own: np.ndarray | None, given: np.ndarray | None) -> float:
    """IoU of a mask's own box (None: empty mask, 0) and the given one (None: nan)."""
    if given is None:
        return math.nan
    return 0.0 if own is None else float(box_iou(own, given))


def count_parts(mask: np.ndarray, own: np.ndarray | None) -> int:
    """Connected parts (8 neighbours) of at least `MIN_PART_SHARE` of the mask's area.

    Args:
        mask: [H, W] bool.
        own: [4] box of the mask, from `mask_to_box`; None for an empty mask.
    """
    if own is None:
        return 0
    x, y, w, h = own.astype(int).tolist()
    cut = np.ascontiguousarray(mask[y : y + h, x : x + w], dtype=np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int(np.count_nonzero(areas >= MIN_PART_SHARE * areas.sum()))


def _touches_border(mask: np.ndarray) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
