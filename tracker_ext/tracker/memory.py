"""What the target model of one object is learnt from: a bounded number of frames with temporal weights.

Shapes: T samples, D features, C encoding channels, h w feature grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.upstream_rules import published_weights


@dataclass(frozen=True)
class Sample:
    """One frame as the learner sees it; the mask is encoded once, when it is remembered."""

    features: Tensor
    """[D, h, w] float32."""
    target: Tensor
    """[C, h, w] few-shot label."""
    weight: Tensor
    """[C, h, w] its weight."""


class SampleMemory:
    """Samples in preallocated tensors, so that a learner can be handed views and memory never grows.

    Temporal weights follow the LWL paper: each new sample weighs 1 / (1 - r) as much as the one before it, weights sum
    to 1, and the first frame, which alone is certain, keeps at least a given share. When the memory is full the
    lightest sample but the first gives way.
    """

    def __init__(self, first: Sample, config: LWLTrackerConfig) -> None:
        """Start with the first frame.

        Args:
            first: its sample; stays for ever (with published rules: if it has a least weight).
            config: size, weights and rules.
        """
        self._config = config
        capacity = config.memory_size
        self._features, self._target, self._weight = (
            part.new_zeros((capacity, *part.shape), dtype=torch.float32)
            for part in (first.features, first.target, first.weight)
        )
        self._temporal = torch.zeros(capacity)
        self._temporal[0] = 1.0
        self._latest: int | None = None
        self._count = 0
        self._store(first, 0)

    def __len__(self) -> int:
        return self._count

    @property
    def temporal(self) -> Tensor:
        """[T] float32 on the CPU: importance of the samples; with our rules it sums to 1."""
        weights = self._temporal[: self._count]
        # pytracking weighs residuals with them, so their squares weigh what is minimised.
        return weights.square() if self._config.rules == "published" else weights

    @property
    def samples(self) -> tuple[Tensor, Tensor, Tensor]:
        """Views [T, 1, ..., h, w]: features, few-shot labels, their weights."""
        features, target, weight = (
            part[: self._count].unsqueeze(1) for part in (self._features, self._target, self._weight)
        )
        return features, target, weight

    def add(self, sample: Sample) -> None:
        """Remember a frame."""
        weights, config = self._temporal, self._config
        published = config.rules == "published"
        kept = 0 if published and config.first_frame_weight == 0 else 1
        place = kept + int(weights[kept:].argmin()) if self._count == len(weights) else self._count
        if published:
            self._temporal = published_weights(
                weights, place, self._latest, config.learning_rate, config.first_frame_weight, config.lower_first_weight
            )
        else:
            self._weigh(place)
        self._latest = place
        self._store(sample, place)

    def _weigh(self, place: int) -> None:
        """The weights after a new sample, by our rules."""
        weights, first_weight = self._temporal, self._config.first_frame_weight
        if self._latest is None:
            weights[0] = 1 - self._config.learning_rate
            weights[place] = self._config.learning_rate
        else:
            weights[place] = weights[self._latest] / (1 - self._config.learning_rate)
        weights /= weights.sum()
        if weights[0] < first_weight:
            weights[1:] *= (1 - first_weight) / weights[1:].sum()
            weights[0] = first_weight

    def _store(self, sample: Sample, place: int) -> None:
        self._features[place] = sample.features
        self._target[place] = sample.target
        self._weight[place] = sample.weight
        self._count = max(self._count, place + 1)
