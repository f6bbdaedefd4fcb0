"""The rules in which LWL trackers differ: where they search, how objects compete, and which frames they learn from.

`LWLTrackerConfig.rules` names one of two sets: ours, in this file, or upstream's, in `upstream_rules.py`.

Shapes: T samples.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.places import OurPlaces, Places
from tracker_ext.tracker.upstream_rules import UpstreamRules


class Rules(Places, Protocol):
    """A set of rules."""

    @property
    def first_stays(self) -> bool:
        """Whether the sample of the first frame is never replaced."""

    def wants_sample(self, age: int, lost: int, score: float) -> bool:
        """Whether the current frame becomes a sample; it is `age` frames after the first, its mask has this score."""

    def wants_update(self, age: int, lost: int) -> bool:
        """Whether the target model is fitted to the memory on the current frame."""

    def weigh(self, weights: Tensor, place: int, latest: int | None) -> Tensor:
        """The temporal weights [T] after a new sample.

        Args:
            weights: [T] weights before it; those of empty places are 0.
            place: place of the new sample.
            latest: place of the previous sample; None if there is only the first frame.
        """

    def importance(self, weights: Tensor) -> Tensor:
        """The factors [T] of the samples' squared errors in the learner's objective, from temporal weights [T]."""


class OurRules(OurPlaces):
    """The rules with which our weights are trained and evaluated."""

    first_stays = True

    def __init__(self, config: LWLTrackerConfig) -> None:
        super().__init__(config)
        self.config = config

    def wants_sample(self, age: int, lost: int, score: float) -> bool:
        """Every `memory_interval` frames, if the object is found with enough confidence."""
        return lost == 0 and score >= self.config.min_confidence and age % self.config.memory_interval == 0

    def wants_update(self, age: int, lost: int) -> bool:
        """Every `update_interval` frames, if the object is found."""
        return lost == 0 and age % self.config.update_interval == 0

    def weigh(self, weights: Tensor, place: int, latest: int | None) -> Tensor:
        """The weights of the LWL paper, whose sum is 1.

        A new sample gets 1 / (1 - r) times the weight of the previous one. The first frame, the only certain one, keeps
        at least its share.
        """
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
    """The set of rules that a config names."""
    return UpstreamRules(config) if config.rules == "upstream" else OurRules(config)
