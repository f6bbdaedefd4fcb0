"""A tracker that needs no network: it moves the box by one pixel per frame and fills it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pytracking.tracker.base import BaseTracker


class ShiftTracker(BaseTracker):
    """Box one pixel further right on every frame, the mask is the box; counts the sequences it was started on."""

    multiobj_mode = "parallel"
    started: ClassVar[list[list[float]]] = []

    def initialize(self, image, info):
        if self.params.get("fails_on", None) == image.shape[:2]:
            raise ValueError(f"frame size {image.shape[:2]} is refused")
        self.box = [float(value) for value in info["init_bbox"]]
        self.started.append(list(self.box))
        return {"segmentation": self._mask(image), "object_presence_score": 1.0}

    def track(self, image, info=None):
        self.box[0] += 1
        return {
            "target_bbox": list(self.box),
            "segmentation": self._mask(image),
            "object_presence_score": 0.5,
        }

    def _mask(self, image):
        x, y, w, h = (int(value) for value in self.box)
        mask = np.zeros(image.shape[:2], np.uint8)
        mask[y : y + h, x : x + w] = 1
        return mask
