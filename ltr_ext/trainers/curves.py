"""TensorBoard curves of a training run by iteration; the host writes those by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVERY = 10
"""Training iterations between two points of a curve; each point is the mean since the previous one."""
PREFIX = "Iteration/"
"""Prefix of the names, which are otherwise those of the host's curves by epoch."""


class Curves:
    """Writes the points of the curves.

    Args:
        writers: TensorBoard's `SummaryWriter` by name of the loader; loaders without one get no curves.
    """

    def __init__(self, writers: Mapping[str, Any]) -> None:
        self.writers = writers
        self._sums: dict[str, tuple[float, int]] = {}

    def record(self, loader: str, iteration: int, numbers: Mapping[str, float], count: int, rates: list[float]) -> None:
        """Add a training iteration; every `EVERY` iterations a point of each curve is written.

        Args:
            loader: name of the loader.
            iteration: training iterations done, including this one.
            numbers: means over the samples of this iteration.
            count: number of these samples.
            rates: learning rates of the optimizer's groups.
        """
        if loader not in self.writers:
            return
        for name, value in numbers.items():
            total, samples = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value * count, samples + count)
        if iteration % EVERY:
            return
        writer = self.writers[loader]
        for name, (total, samples) in self._sums.items():
            writer.add_scalar(PREFIX + name, total / max(samples, 1), iteration)
        for group, rate in enumerate(rates):
            writer.add_scalar(f"{PREFIX}LearningRate/group{group}", rate, iteration)
        writer.flush()
        self._sums.clear()
