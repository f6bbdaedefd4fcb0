"""The base class of trackers."""

from __future__ import annotations

from typing import Any

import numpy as np
from pytracking.utils import TrackerParams


class BaseTracker:
    """Base class of trackers of one object or, with `multiobj_mode = "default"`, of all objects of a sequence."""

    def __init__(self, params: TrackerParams) -> None:
        self.params = params
        self.visdom: Any = None

    def predicts_segmentation_mask(self) -> bool:
        """Whether the outputs have `segmentation`."""
        return False

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any] | None:
        """Start on the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: `init_bbox` (x, y, w, h) in pixels, `init_mask` [H, W] uint8, 0 or 1, if there is one, `object_ids`.

        Returns:
            The output for this frame, see `track`; the values in `info` are used for missing entries.
        """
        raise NotImplementedError

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the object in the next frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: `previous_output`, the (merged) output of the preceding frame.

        Returns:
            `target_bbox` (x, y, w, h) in pixels; optionally `segmentation` [H, W] uint8, `object_presence_score`,
            `time` in seconds, and other entries that the tracker finds in the next `previous_output`.
        """
        raise NotImplementedError
