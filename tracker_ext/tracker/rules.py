"""What one LWL tracker decides otherwise than another: where to look, how objects compete, what is remembered.

`LWLTrackerConfig.rules` names one of the two sets: ours, in this file, or upstream's, in `upstream_rules.py`.

Shapes: O objects, H W image pixels, Hc Wc crop pixels, T samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from tracker_ext.segmentation.merge import soft_aggregate
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.search import SearchState
from tracker_ext.tracker.upstream_rules import UpstreamRules


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

    def after(self, mask: np.ndarray, config: LWLTrackerConfig, probabilities: np.ndarray) -> Place:
        """The place after the next frame, given the object's mask [H, W] bool and probabilities [H, W] float32."""

    def scaled(self, zoom: tuple[float, float]) -> Place:
        """The place in the same picture resized by `zoom` (x, y)."""

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: LWLTrackerConfig) -> SearchCrop:
        """The region to search."""


class Rules(Protocol):
    """A set of rules."""

    @property
    def lone_object_is_final(self) -> bool:
        """Whether `merge` leaves the probabilities of a single object as the network gave them."""

    @property
    def first_stays(self) -> bool:
        """Whether the first frame is remembered for ever."""

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

    def wants_sample(self, age: int, lost: int, score: float) -> bool:
        """Whether to remember the frame in hand: `age` frames after the first one, `score` of the mask found in it."""

    def wants_update(self, age: int, lost: int) -> bool:
        """Whether to fit the target model to the memory."""

    def weigh(self, weights: Tensor, place: int, latest: int | None) -> Tensor:
        """Temporal weights after a new sample.

        Args:
            weights: [T] before; 0 where nothing is stored.
            place: of the new sample.
            latest: place of the sample before it; None if there is only the first frame.
        """

    def importance(self, weights: Tensor) -> Tensor:
        """What a sample's squared error counts in the learner's objective, from temporal weights [T]."""


@dataclass(frozen=True)
class OurRules:
    """Those our weights are trained and measured with."""

    config: LWLTrackerConfig
    lone_object_is_final = True
    first_stays = True

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[SearchState, SearchCrop]:
        """The mask's place, and the crop that is searched there."""
        state = SearchState.of_mask(mask)
        return state, state.crop((mask.shape[0], mask.shape[1]), crop_hw, self.config)

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """See `soft_aggregate`."""
        return soft_aggregate(logits)

    def wants_sample(self, age: int, lost: int, score: float) -> bool:
        """When it is its turn, and its mask can be trusted."""
        return lost == 0 and score >= self.config.min_confidence and age % self.config.memory_interval == 0

    def wants_update(self, age: int, lost: int) -> bool:
        """When it is its turn, and the object is in sight."""
        return lost == 0 and age % self.config.update_interval == 0

    def weigh(self, weights: Tensor, place: int, latest: int | None) -> Tensor:
        """As in the LWL paper: a new sample weighs 1 / (1 - r) as much as the one before it, all sum to 1, and the
        first frame, which alone is certain, keeps at least its share."""
        rate, first_weight = self.config.learning_rate, self.config.first_frame_weight
        weights = weights.clone()
        if latest is None:
            weights[0] = 1 - rate
            weights[place] = rate
        else:
            weights[place] = weights[latest] / (1 - rate)
        weights /= weights.sum()
        if weights[0] < first_weight:
            weights[1:] *= (1 - first_weight) / weights[1:].sum()
            weights[0] = first_weight
        return weights

    def importance(self, weights: Tensor) -> Tensor:
        """The weights themselves."""
        return weights


def rules_of(config: LWLTrackerConfig) -> Rules:
    """The set that a configuration names."""
    return UpstreamRules(config) if config.rules == "upstream" else OurRules(config)
