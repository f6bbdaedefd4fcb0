"""What the target model of one object is learnt from: a bounded number of frames with temporal weights.

Shapes: T samples, D features, C encoding channels, h w feature grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ext.tracker.rules import Rules


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

    What a sample weighs is for the rules to say. When the memory is full the lightest sample gives way.
    """

    def __init__(self, first: Sample, capacity: int, rules: Rules) -> None:
        """Start with the first frame.

        Args:
            first: its sample; stays for ever if the rules say so.
            capacity: most samples.
            rules: give the weights.
        """
        self._rules = rules
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
        return self._rules.importance(self._temporal[: self._count])

    @property
    def samples(self) -> tuple[Tensor, Tensor, Tensor]:
        """Views [T, 1, ..., h, w]: features, few-shot labels, their weights."""
        features, target, weight = (
            part[: self._count].unsqueeze(1) for part in (self._features, self._target, self._weight)
        )
        return features, target, weight

    def add(self, sample: Sample) -> None:
        """Remember a frame."""
        kept = 1 if self._rules.first_stays else 0
        full = self._count == len(self._temporal)
        place = kept + int(self._temporal[kept:].argmin()) if full else self._count
        self._temporal = self._rules.weigh(self._temporal, place, self._latest)
        self._latest = place
        self._store(sample, place)

    def _store(self, sample: Sample, place: int) -> None:
        self._features[place] = sample.features
        self._target[place] = sample.target
        self._weight[place] = sample.weight
        self._count = max(self._count, place + 1)
