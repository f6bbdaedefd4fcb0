"""The memory of samples from which the target model of one object is learnt.

Shapes: T samples, D features, C encoding channels, h x w feature grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tracker_ext.tracker.rules import Rules


@dataclass(frozen=True)
class Sample:
    """A frame in the form that the learner needs; its mask is encoded only once."""

    features: Tensor
    """[D, h, w] float32."""
    target: Tensor
    """[C, h, w], the few-shot label."""
    weight: Tensor
    """[C, h, w], the weight of the label."""


class SampleMemory:
    """Keeps samples in preallocated tensors, so that the learner gets views of them and the memory does not grow.

    The rules determine the temporal weights of the samples. When the memory is full, a new sample replaces the one with
    the smallest weight.
    """

    def __init__(self, first: Sample, capacity: int, rules: Rules) -> None:
        """Start with the first frame.

        Args:
            first: the sample of the first frame, which is never replaced if the rules say so.
            capacity: largest number of samples.
            rules: the rules that determine the weights.
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
        self._num_certain = 1
        self._store(first, 0)

    def __len__(self) -> int:
        return self._count

    @property
    def temporal(self) -> Tensor:
        """[T] float32 on the CPU, the weights of the samples in the learner's objective; ours sum to 1."""
        return self._rules.importance(self._temporal[: self._count])

    @property
    def samples(self) -> tuple[Tensor, Tensor, Tensor]:
        """Views [T, 1, ..., h, w] of the features, of the few-shot labels and of the labels' weights."""
        features, target, weight = (
            part[: self._count].unsqueeze(1) for part in (self._features, self._target, self._weight)
        )
        return features, target, weight

    def add(self, sample: Sample) -> None:
        """Add a sample whose mask was found by the tracker."""
        kept = self._num_certain if self._rules.first_stays else 0
        full = self._count == len(self._temporal)
        place = kept + int(self._temporal[kept:].argmin()) if full else self._count
        self._weigh(place)
        self._latest = place
        self._store(sample, place)

    def add_certain(self, sample: Sample) -> None:
        """Add a sample whose mask is known, and drop those whose mask was found by the tracker.

        Known samples have equal weights, and stay as the first one does. One place is left for samples that are found;
        when the known ones fill the others, the oldest after the first is replaced.
        """
        most = len(self._temporal) - 1 if self._rules.first_stays else 1
        if self._num_certain == most:
            oldest = min(1, most - 1)
            for part in (self._features, self._target, self._weight):
                part[oldest : most - 1] = part[oldest + 1 : most].clone()
            self._num_certain -= 1
        place = self._num_certain
        self._num_certain, self._latest, self._count = place + 1, None, place
        self._temporal.zero_()
        self._temporal[: place + 1] = 1 / (place + 1)
        self._store(sample, place)

    def _weigh(self, place: int) -> None:
        """Set the temporal weights after a new sample; the rules see all known samples as a single first one."""
        before = self._num_certain - 1
        joint = torch.cat((self._temporal[: before + 1].sum().reshape(1), self._temporal[before + 1 :]))
        latest = None if self._latest is None else self._latest - before
        joint = self._rules.weigh(joint, place - before, latest)
        self._temporal = torch.cat((joint[:1].expand(before + 1) / (before + 1), joint[1:]))

    def _store(self, sample: Sample, place: int) -> None:
        self._features[place] = sample.features
        self._target[place] = sample.target
        self._weight[place] = sample.weight
        self._count = max(self._count, place + 1)
