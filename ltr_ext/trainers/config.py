"""The config of the trainer, and the position of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ltr_ext.trainers.batches import ResumableBatchSampler


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How a run is saved, stopped and resumed."""

    fingerprint: Mapping[str, Any]
    """JSON values that must equal those of a checkpoint for it to be resumed: model, data, recipe, seed."""
    best_stat: str | None = "val/J"
    """The statistic, as `<loader>/<stat>`, whose largest epoch mean marks the best checkpoint; None keeps no best."""
    checkpoint_every: int = 500
    """Training iterations between two checkpoints; there is also one at the end of each epoch."""
    keep_last: int = 2
    """Number of checkpoints kept besides the best; two, in case one gets damaged."""
    fresh: bool = False
    """Whether earlier checkpoints are renamed, so that the run begins anew."""
    max_iterations: int | None = None
    """Total number of training iterations after which the run stops with a checkpoint; None means no limit."""
    log_every_seconds: float = 30.0
    """Time between two progress lines if stderr is not a terminal."""

    def __post_init__(self) -> None:
        if self.checkpoint_every < 1 or self.keep_last < 1:
            raise ValueError(f"checkpoint_every {self.checkpoint_every}, keep_last {self.keep_last}: must be positive")
        if self.best_stat is not None and "/" not in self.best_stat:
            raise ValueError(f"best_stat must be '<loader>/<stat>', got {self.best_stat!r}")


@dataclass(frozen=True)
class Position:
    """The position of a run; all earlier epochs, loaders and batches are done."""

    epoch: int = 1
    """Number of the epoch, from 1."""
    loader: int = 0
    """Number of the loader, from 0."""
    batch: int = 0
    """Number of the next batch of that loader, from 0."""


def check_loaders(loaders: list[Any], best_stat: str | None) -> None:
    """Refuse loaders that the trainer cannot resume, and an unknown best statistic.

    Raises:
        ValueError: a loader has another batch sampler, or `best_stat` names none of them.
    """
    for loader in loaders:
        if not isinstance(loader.batch_sampler, ResumableBatchSampler):
            raise ValueError(f"loader {loader.name!r}: batch_sampler must be a ResumableBatchSampler")
    names = [loader.name for loader in loaders]
    if best_stat is not None and best_stat.split("/", 1)[0] not in names:
        raise ValueError(f"best_stat {best_stat!r} names none of the loaders {names}")
