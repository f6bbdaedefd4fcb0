"""The curves of a training by iteration, in TensorBoard, beside the host's by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVERY = 10
"""Training iterations from one point to the next; each is the mean since the one before."""
PREFIX = "Iteration/"
"""Before the names, which the host gives to its curves by epoch."""


class Curves:
    """Points of the training passes.

    Args:
        writers: TensorBoard's `SummaryWriter` by name of the loader; none where nothing is written.
    """

    def __init__(self, writers: Mapping[str, Any]) -> None:
        self.writers = writers
        self._sums: dict[str, tuple[float, int]] = {}

    def record(self, loader: str, iteration: int, numbers: Mapping[str, float], count: int, rates: list[float]) -> None:
        """Add a training iteration; at every tenth a point of each curve is written.

        Args:
            loader: its name.
            iteration: training iterations done, this one among them.
            numbers: means over its samples.
            count: samples.
            rates: learning rates of the optimiser's groups.
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
