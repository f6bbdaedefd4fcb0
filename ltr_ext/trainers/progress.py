"""The progress of a training run: a bar on a terminal, otherwise a line at intervals."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tqdm import tqdm

BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}, {rate_fmt}{postfix}]"
"""The format of tqdm without its own time left; the postfix has the time left of the whole run."""


@dataclass(frozen=True)
class Pass:
    """A pass over a loader in an epoch."""

    name: str
    batches: int
    training: bool
    interval: int = 1
    """The pass takes place only in epochs that are multiples of this."""


def batches_to_the_end(
    passes: Sequence[Pass], epoch: int, index: int, start: int, iteration: int, max_epochs: int, limit: int | None
) -> tuple[int, Counter[str]]:
    """Count the remaining batches of a run, up to its last epoch or to the iteration at which it stops.

    Args:
        passes: the passes of an epoch, in their order.
        epoch: the current epoch, from 1.
        index: index of the current pass.
        start: batches of it that are done.
        iteration: training iterations done.
        max_epochs: the last epoch.
        limit: total number of training iterations after which the run stops; None means no limit.

    Returns:
        The batch at which the current pass ends, and the numbers of later batches by name of the pass.
    """
    left = None if limit is None else limit - iteration
    end, after = start, Counter[str]()
    for number in range(epoch, max_epochs + 1):
        for place, one in enumerate(passes):
            running = (number, place) == (epoch, index)
            if (number, place) < (epoch, index) or number % one.interval or left == 0:
                continue
            batches = one.batches - (start if running else 0)
            if one.training and left is not None:
                batches = min(batches, left)
                left -= batches
            if running:
                end += batches
            else:
                after[one.name] += batches
    return end, after


class Progress:
    """A context manager that shows the progress of one pass over a loader on stderr.

    Args:
        label: what is running, for example "train, epoch 3/40".
        total: the batch at which the pass ends.
        start: batches done before.
        every_seconds: time between two lines if stderr is not a terminal.
        visible: whether anything is shown.
        name: name of the pass.
        after: numbers of batches after this pass, by name of the pass.
        seconds: known durations of a batch, by name of the pass; this pass adds its own.
    """

    def __init__(
        self,
        label: str,
        total: int,
        start: int,
        every_seconds: float,
        visible: bool = True,
        *,
        name: str = "",
        after: Mapping[str, int] | None = None,
        seconds: dict[str, float] | None = None,
    ) -> None:
        self.label = label
        self.total = total
        self.start = self.done = start
        self.every_seconds = every_seconds
        self.name = name
        self.after = after or {}
        self.seconds = {} if seconds is None else seconds
        self.began = self.last_line = time.monotonic()
        # A pseudo-terminal without a size has no columns for a bar.
        terminal = sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0
        self.bar = tqdm(
            total=total, initial=start, desc=label, disable=not (terminal and visible), dynamic_ncols=True, leave=False,
            unit="batch", bar_format=BAR,
        )  # fmt: skip
        self.prints = visible and not terminal

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def step(self, shown: Mapping[str, float]) -> None:
        """Count a batch as done, and show these numbers."""
        self.done += 1
        now = time.monotonic()
        self.seconds[self.name] = (now - self.began) / (self.done - self.start)
        numbers = {name: f"{value:.4f}" for name, value in shown.items()}
        self.bar.set_postfix({**numbers, "ETA": str(self.time_left())}, refresh=False)
        self.bar.update()
        if self.prints and now - self.last_line >= self.every_seconds:
            self.last_line = now
            print(self.line(shown), file=sys.stderr, flush=True)

    def line(self, shown: Mapping[str, float]) -> str:
        """The line for a log: the batches done, the numbers, the seconds per batch, the time left of the run."""
        numbers = "".join(f"  {name} {value:.4f}" for name, value in shown.items())
        pace = f"{self.seconds.get(self.name, 0):.2f} s/batch"
        return f"{self.label}: {self.done}/{self.total}{numbers}  {pace}  ETA {self.time_left()}"

    def time_left(self) -> timedelta:
        """The time left of the whole run; passes that did not run yet are assumed to be as fast as this one."""
        pace = self.seconds.get(self.name, 0)
        later = sum(count * self.seconds.get(name, pace) for name, count in self.after.items())
        return timedelta(seconds=round(pace * (self.total - self.done) + later))
