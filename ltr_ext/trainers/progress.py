"""What a running training shows: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta

from tqdm import tqdm


class Progress:
    """One pass over a loader; a context manager. Writes to stderr.

    Args:
        label: what is running, for example ``"train, epoch 3/40"``.
        total: batches of the pass.
        start: batches done before.
        every_seconds: time between two lines where stderr is no terminal.
        visible: show anything at all.
    """

    def __init__(self, label: str, total: int, start: int, every_seconds: float, visible: bool = True) -> None:
        self.label = label
        self.total = total
        self.start = self.done = start
        self.every_seconds = every_seconds
        self.began = self.last_line = time.monotonic()
        # a pseudo-terminal without a size has no room for a bar
        terminal = sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0
        self.bar = tqdm(
            total=total, initial=start, desc=label, disable=not (terminal and visible), dynamic_ncols=True, leave=False,
            unit="batch",
        )  # fmt: skip
        self.prints = visible and not terminal

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def step(self, shown: Mapping[str, float]) -> None:
        """One more batch is done; `shown` are the numbers to show."""
        self.done += 1
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in shown.items()}, refresh=False)
        self.bar.update()
        now = time.monotonic()
        if self.prints and now - self.last_line >= self.every_seconds:
            self.last_line = now
            print(self.line(shown, now), file=sys.stderr, flush=True)

    def line(self, shown: Mapping[str, float], now: float) -> str:
        """The line for a log: how far, the numbers, seconds per batch, time to the end of the pass."""
        seconds = (now - self.began) / max(self.done - self.start, 1)
        left = timedelta(seconds=round(seconds * (self.total - self.done)))
        numbers = "".join(f"  {name} {value:.4f}" for name, value in shown.items())
        return f"{self.label}: {self.done}/{self.total}{numbers}  {seconds:.2f} s/batch  ETA {left}"
