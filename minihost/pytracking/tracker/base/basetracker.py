"""The class trackers derive from."""

from __future__ import annotations

from typing import Any

import numpy as np
from pytracking.utils import TrackerParams


class BaseTracker:
    """A tracker of one object (or, with `multiobj_mode = "default"`, of all objects of a sequence)."""

    def __init__(self, params: TrackerParams) -> None:
        self.params = params
        self.visdom: Any = None

    def predicts_segmentation_mask(self) -> bool:
        """Whether the outputs hold `segmentation`."""
        return False

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any] | None:
        """Start on the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: `init_bbox` (x, y, w, h) in pixels, `init_mask` [H, W] uint8 0/1 if there is one, `object_ids`.

        Returns:
            The output for this frame, as `track`; what is missing is taken from `info`.
        """
        raise NotImplementedError

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the object in the next frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: `previous_output`, the (merged) output of the frame before.

        Returns:
            `target_bbox` (x, y, w, h) in pixels; optionally `segmentation` [H, W] uint8, `object_presence_score`,
            `time` in seconds, and what the tracker wants to find in `previous_output`.
        """
        raise NotImplementedError
