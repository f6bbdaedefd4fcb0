"""Where a mask tracker looks for an object, and how objects compete.

Shapes: O objects, H W image pixels, Hc Wc crop pixels.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Tensor

from tracker_ext.segmentation.merge import soft_aggregate
from tracker_ext.tracker.config import TrackerConfig
from tracker_ext.tracker.search import SearchState


class SearchCrop(Protocol):
    """A region of the image, resized to [Hc, Wc]."""

    def cut(self, image: np.ndarray) -> np.ndarray:
        """[H, W, 3] uint8 -> [Hc, Wc, 3]."""

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """[H, W] -> [Hc, Wc]."""

    def paste(self, values: np.ndarray, image_hw: tuple[int, int], outside: float) -> np.ndarray:
        """[Hc, Wc] float32 -> [H, W] float32; `outside` where the crop does not reach."""


class Place(Protocol):
    """Where an object is, as far as it is known."""

    @property
    def lost(self) -> int:
        """Frames since the object was last seen."""

    def after(self, mask: np.ndarray, config: TrackerConfig, probabilities: np.ndarray) -> Place:
        """The place after the next frame, given the object's mask [H, W] bool and probabilities [H, W] float32."""

    def scaled(self, zoom: tuple[float, float]) -> Place:
        """The place in the same picture resized by `zoom` (x, y)."""

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: TrackerConfig) -> SearchCrop:
        """The region to search."""


class Places(Protocol):
    """How a tracker places crops and merges what is found in them."""

    @property
    def lone_object_is_final(self) -> bool:
        """Whether `merge` leaves the probabilities of a single object as the network gave them."""

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[Place, SearchCrop]:
        """Where an object is on its first frame, and the crop to learn it from.

        Args:
            mask: [H, W] bool, not empty.
            box: (x, y, w, h) as given, image pixels; None if only the mask was given.
            crop_hw: (Hc, Wc).
            filter_size: K of the target model.
        """

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [O, H, W] -> labels [H, W] int64 (0 is background, 1 the first object), probabilities [O, H, W]."""


class OurPlaces:
    """Those our weights are trained and measured with."""

    lone_object_is_final = True

    def __init__(self, config: TrackerConfig) -> None:
        self.common = config

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[SearchState, SearchCrop]:
        """The mask's place, and the crop that is searched there."""
        state = SearchState.of_mask(mask)
        return state, state.crop((mask.shape[0], mask.shape[1]), crop_hw, self.common)

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """See `soft_aggregate`."""
        return soft_aggregate(logits)
