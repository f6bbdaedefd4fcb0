"""Where a mask tracker searches for an object, and how objects compete for pixels.

Shapes: O objects, H x W image pixels, Hc x Wc crop pixels.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor

from tracker_ext.segmentation.merge import soft_aggregate
from tracker_ext.tracker.config import TrackerConfig
from tracker_ext.tracker.search import SearchState


class SearchCrop(Protocol):
    """A region of the image that is resized to [Hc, Wc]; crops that are equal, and hash alike, cut the same."""

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Cut the crop [Hc, Wc, 3] from an image [H, W, 3] uint8."""

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """Cut the crop [Hc, Wc] from a mask [H, W]."""

    def paste(self, values: np.ndarray, image_hw: tuple[int, int], outside: float) -> np.ndarray:
        """Resample values [Hc, Wc] float32 to the image [H, W] float32; pixels beyond the crop get `outside`."""


class Place(Protocol):
    """The estimated position and size of an object."""

    @property
    def lost(self) -> int:
        """The number of frames since the object was last found."""

    def after(self, mask: np.ndarray, config: TrackerConfig, probabilities: np.ndarray) -> Place:
        """The place after the next frame, given the object's mask [H, W] bool and probabilities [H, W] float32."""

    def scaled(self, zoom: tuple[float, float]) -> Place:
        """The place in the image resized by `zoom` (x, y)."""

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: TrackerConfig) -> SearchCrop:
        """The search region."""


class Places(Protocol):
    """The rules for the search regions of a tracker, and for the competition of its objects."""

    @property
    def lone_object_is_final(self) -> bool:
        """Whether `merge` does not change the probabilities of a single object."""

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[Place, SearchCrop]:
        """The place of an object on its first frame, and the crop from which it is learnt.

        Args:
            mask: [H, W] bool, not empty.
            box: the given box (x, y, w, h) in image pixels; None if only the mask was given.
            crop_hw: (Hc, Wc).
            filter_size: K of the target model.
        """

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Labels [H, W] int64 (0 background, 1 the first object) and probabilities [O, H, W], of logits [O, H, W]."""


class OurPlaces:
    """The rules with which our weights are trained and evaluated."""

    lone_object_is_final = True

    def __init__(self, config: TrackerConfig) -> None:
        self.common = config

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[SearchState, SearchCrop]:
        """The place of the mask, and the search region there."""
        state = SearchState.of_mask(mask)
        return state, state.crop((mask.shape[0], mask.shape[1]), crop_hw, self.common)

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """See `soft_aggregate`."""
        return soft_aggregate(logits)
