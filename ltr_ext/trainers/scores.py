"""The statistics of an epoch: means of the numbers that the actor returns, and which epoch was the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from ltr.admin.stats import AverageMeter, StatValue


class Scores:
    """Updates the host's statistics.

    Args:
        stats: the host's statistics by loader; they are changed in place.
        best_stat: see `TrainerConfig`.
        print_stats: names of the statistics to show; None means the loss and J.
    """

    def __init__(self, stats: dict[str, Any], best_stat: str | None, print_stats: Sequence[str] | None) -> None:
        self.stats = stats
        self.best_stat = best_stat
        self.print_stats = print_stats or ("Loss/total", "J")
        self.best: dict[str, Any] | None = None
        """`value` and `epoch` of the best epoch so far."""

    def record(self, loader: str, numbers: Mapping[str, float], count: int) -> None:
        """Add the numbers of a batch of `count` samples."""
        if self.stats.get(loader) is None:
            self.stats[loader] = {}
        meters = self.stats[loader]
        for name, value in numbers.items():
            meters.setdefault(name, AverageMeter()).update(value, count)

    def shown(self, loader: str) -> dict[str, float]:
        """The means over the current epoch so far."""
        meters = self.stats.get(loader) or {}
        return {name: meters[name].avg for name in self.print_stats if name in meters}

    def end_epoch(self, epoch: int, training: Sequence[str], optimizer: torch.optim.Optimizer) -> bool:
        """Finish the means of an epoch.

        Args:
            epoch: number of the epoch.
            training: names of the training loaders, whose statistics get the learning rates.
            optimizer: the optimizer with the learning rates.

        Returns:
            Whether the epoch is the best so far; `best` is then updated.
        """
        for name in training:
            meters = self.stats.get(name)
            if meters is not None:
                for i, group in enumerate(optimizer.param_groups):
                    meters.setdefault(f"LearningRate/group{i}", StatValue()).update(group["lr"])
        seen_before = len(self._best_history())
        for meters in self.stats.values():
            for meter in (meters or {}).values():
                if isinstance(meter, AverageMeter):
                    meter.new_epoch()
        history = self._best_history()
        if len(history) == seen_before or (self.best is not None and not history[-1] > self.best["value"]):
            return False
        self.best = {"value": history[-1], "epoch": epoch}
        return True

    def line(self, shown: Mapping[str, Mapping[str, float]], is_best: bool) -> str:
        """A line about an epoch, with the results of `shown` before its end by loader."""
        parts = [f"{name} " + " ".join(f"{k} {v:.4f}" for k, v in numbers.items()) for name, numbers in shown.items()]
        if self.best is not None:
            note = "this one" if is_best else f"epoch {self.best['epoch']}"
            parts.append(f"best {self.best_stat} {self.best['value']:.4f} ({note})")
        return " | ".join(parts)

    def _best_history(self) -> list[float]:
        if self.best_stat is None:
            return []
        loader, stat = self.best_stat.split("/", 1)
        meter = (self.stats.get(loader) or {}).get(stat)
        return [] if meter is None else meter.history


def merge(reports: Sequence[tuple[Mapping[str, float], int]]) -> tuple[dict[str, float], int]:
    """Merge the numbers of all processes for a batch.

    Args:
        reports: means and number of samples of each process.

    Returns:
        The means over all samples, and the number of samples.
    """
    if len(reports) == 1:
        return dict(reports[0][0]), reports[0][1]
    total = sum(count for _, count in reports)
    names = dict.fromkeys(name for numbers, count in reports for name in numbers if count)
    means = {}
    for name in names:
        having = [(numbers[name], count) for numbers, count in reports if count and name in numbers]
        means[name] = sum(value * count for value, count in having) / sum(count for _, count in having)
    return means, total
