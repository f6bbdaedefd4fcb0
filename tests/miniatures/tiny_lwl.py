"""Sizes, networks and masks that are tiny enough for tests of the tracker."""

from __future__ import annotations

import numpy as np

from ltr_ext.models.box2mask import Box2MaskConfig
from ltr_ext.models.lwl import LWLConfig
from tracker_ext.tracker.config import LWLTrackerConfig

HEIGHT, WIDTH = 72, 96
TINY = LWLConfig(
    backbone="efficientnet_lite0",
    feature_dim=8,
    encoder_widths=(4, 4, 8),
    decoder_widths=(8, 8, 8, 8),
    upsampling="bilinear",
    previous_width=8,
    crop_hw=(64, 64),
)
TINY_BOX2MASK = Box2MaskConfig(
    backbone="efficientnet_lite0",
    variant="single_image",
    feature_dim=8,
    encoder_widths=(4, 4, 8, 8),
    decoder_widths=(8, 8, 8, 8),
    upsampling="bilinear",
    crop_hw=(64, 64),
)
CONFIG = LWLTrackerConfig(
    memory_size=4, min_confidence=0, min_area_share=0, update_interval=1, min_part=0, precision="float32"
)


def label_map(**boxes: tuple[int, int, int, int]) -> np.ndarray:
    """`label_map(_1=(x, y, w, h), _2=...)`: rectangles with the ids as values."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for name, (x, y, w, h) in boxes.items():
        labels[y : y + h, x : x + w] = int(name[1:])
    return labels
