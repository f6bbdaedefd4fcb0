"""The search region of an object, from a centre and a size that outlying pixels of its mask hardly change.

All lengths are in image pixels; points are (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ltr_ext.data.crop import Crop, crop_around
from tracker_ext.tracker.config import TrackerConfig


@dataclass(frozen=True)
class SearchState:
    """The estimated position and size of an object."""

    centre: tuple[float, float]
    """Centre of mass of the mask."""
    size: tuple[float, float]
    """(w, h), four standard deviations of the positions of the mask's pixels."""
    lost: int = 0
    """Number of frames since the object was last found."""

    @staticmethod
    def of_mask(mask: np.ndarray) -> SearchState:
        """The place of a mask [H, W] bool with at least one pixel."""
        moments = cv2.moments(mask.view(np.uint8), binaryImage=True)
        area = moments["m00"]
        # 1/12 is the variance of a single pixel's own extent; with it, thin masks have a size above 0.
        spread = [4 * np.sqrt(moments[name] / area + 1 / 12) for name in ("mu20", "mu02")]
        return SearchState((moments["m10"] / area + 0.5, moments["m01"] / area + 0.5), (spread[0], spread[1]))

    def after(self, mask: np.ndarray, config: TrackerConfig, probabilities: np.ndarray | None = None) -> SearchState:
        """The place after the next frame.

        Args:
            mask: [H, W] bool, the object's mask in that frame.
            config: the limits of the change.
            probabilities: not used; upstream's rules need them.

        Returns:
            The place of the mask, with a size within the limits. If the mask is too small, the old place with one more
            lost frame.
        """
        if np.count_nonzero(mask) < max(config.min_area_share * self.size[0] * self.size[1], 1):
            return replace(self, lost=self.lost + 1)
        found = SearchState.of_mask(mask)
        change = np.sqrt(np.prod(found.size) / np.prod(self.size))
        allowed = np.clip(change, *config.max_size_change) / change
        return replace(found, size=(found.size[0] * allowed, found.size[1] * allowed))

    def scaled(self, zoom: tuple[float, float]) -> SearchState:
        """The place in the image resized by `zoom` (x, y)."""
        x, y = zoom
        return replace(self, centre=(self.centre[0] * x, self.centre[1] * y), size=(self.size[0] * x, self.size[1] * y))

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: TrackerConfig) -> Crop:
        """The search region, which grows while the object is lost.

        Args:
            image_hw: (height, width) of the image.
            crop_hw: (height, width) of the crop in crop pixels.
            config: the scale and the growth of the region.
        """
        box = np.array([self.centre[0] - self.size[0] / 2, self.centre[1] - self.size[1] / 2, *self.size])
        growth = min(config.lost_growth**self.lost, config.max_lost_growth)
        return crop_around(box, image_hw, config.search_scale * growth, crop_hw)
