"""What one LWL tracker decides otherwise than another: where to look, how objects compete, what is remembered.

`LWLTrackerConfig.rules` names one of the two sets: ours, in this file, or upstream's, in `upstream_rules.py`.

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
        """Whether the first frame is remembered for ever."""

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


class OurRules(OurPlaces):
    """Those our weights are trained and measured with."""

    first_stays = True

    def __init__(self, config: LWLTrackerConfig) -> None:
        super().__init__(config)
        self.config = config

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
