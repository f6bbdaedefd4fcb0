"""How a run is kept, stopped and resumed, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ltr_ext.trainers.batches import ResumableBatchSampler


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How a run is kept, stopped and resumed."""

    fingerprint: Mapping[str, Any]
    """What a checkpoint must agree with to be resumed: model, data, recipe, seed. JSON values."""
    best_stat: str | None = "val/J"
    """Stat, as `<loader>/<stat>`, whose largest epoch mean marks the best checkpoint; None keeps no best."""
    checkpoint_every: int = 500
    """Training iterations between two checkpoints; one more at each epoch's end."""
    keep_last: int = 2
    """Checkpoints kept besides the best; two, so that one may be damaged."""
    fresh: bool = False
    """Set earlier checkpoints aside and begin anew."""
    max_iterations: int | None = None
    """Stop, with a checkpoint, after this many training iterations in total."""
    log_every_seconds: float = 30.0
    """Time between two progress lines where stderr is no terminal."""

    def __post_init__(self) -> None:
        if self.checkpoint_every < 1 or self.keep_last < 1:
            raise ValueError(f"checkpoint_every {self.checkpoint_every}, keep_last {self.keep_last}: must be positive")
        if self.best_stat is not None and "/" not in self.best_stat:
            raise ValueError(f"best_stat must be '<loader>/<stat>', got {self.best_stat!r}")


@dataclass(frozen=True)
class Position:
    """Where a run is: all earlier epochs, loaders and batches are done."""

    epoch: int = 1
    """Counts from 1."""
    loader: int = 0
    """Number of the loader, from 0."""
    batch: int = 0
    """Next batch of that loader, from 0."""


def check_loaders(loaders: list[Any], best_stat: str | None) -> None:
    """Refuse what the trainer cannot resume or judge.

    Raises:
        ValueError: a loader has another batch sampler, or `best_stat` names none of them.
    """
    for loader in loaders:
        if not isinstance(loader.batch_sampler, ResumableBatchSampler):
            raise ValueError(f"loader {loader.name!r}: batch_sampler must be a ResumableBatchSampler")
    names = [loader.name for loader in loaders]
    if best_stat is not None and best_stat.split("/", 1)[0] not in names:
        raise ValueError(f"best_stat {best_stat!r} names none of the loaders {names}")
