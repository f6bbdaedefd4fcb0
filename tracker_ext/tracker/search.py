"""Where to look for an object: a smooth centre and size, which outlying mask pixels hardly move.

All lengths are image pixels, points are (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ltr_ext.data.crop import Crop, crop_around
from tracker_ext.tracker.config import TrackerConfig


@dataclass(frozen=True)
class SearchState:
    """An object's place as far as it is known."""

    centre: tuple[float, float]
    """Centre of mass."""
    size: tuple[float, float]
    """(w, h): four standard deviations of the mask's pixels."""
    lost: int = 0
    """Frames since the object was last seen."""

    @staticmethod
    def of_mask(mask: np.ndarray) -> SearchState:
        """Place of a mask [H, W] bool with at least one pixel."""
        moments = cv2.moments(mask.view(np.uint8), binaryImage=True)
        area = moments["m00"]
        # The variance of a single pixel's own extent, 1/12, keeps thin masks from having no size.
        spread = [4 * np.sqrt(moments[name] / area + 1 / 12) for name in ("mu20", "mu02")]
        return SearchState((moments["m10"] / area + 0.5, moments["m01"] / area + 0.5), (spread[0], spread[1]))

    def after(self, mask: np.ndarray, config: TrackerConfig, probabilities: np.ndarray | None = None) -> SearchState:
        """The place after the next frame.

        Args:
            mask: [H, W] bool, found there.
            config: limits of the change.
            probabilities: upstream's rules look at them, ours do not.

        Returns:
            The mask's place, its size within the limits; the old place and one more lost frame if there is too little
            of a mask.
        """
        if np.count_nonzero(mask) < max(config.min_area_share * self.size[0] * self.size[1], 1):
            return replace(self, lost=self.lost + 1)
        found = SearchState.of_mask(mask)
        change = np.sqrt(np.prod(found.size) / np.prod(self.size))
        allowed = np.clip(change, *config.max_size_change) / change
        return replace(found, size=(found.size[0] * allowed, found.size[1] * allowed))

    def scaled(self, zoom: tuple[float, float]) -> SearchState:
        """The place in the same picture resized by `zoom` (x, y)."""
        x, y = zoom
        return replace(self, centre=(self.centre[0] * x, self.centre[1] * y), size=(self.size[0] * x, self.size[1] * y))

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: TrackerConfig) -> Crop:
        """The region to search, growing while the object is lost.

        Args:
            image_hw: size of the image.
            crop_hw: size of the crop.
            config: how large the region is.
        """
        box = np.array([self.centre[0] - self.size[0] / 2, self.centre[1] - self.size[1] / 2, *self.size])
        growth = min(config.lost_growth**self.lost, config.max_lost_growth)
        return crop_around(box, image_hw, config.search_scale * growth, crop_hw)
