"""Progress of long work: a bar on a terminal, or a line per minute in a log file."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

EVERY = 60.0
"""Seconds between two lines if the output is not a terminal."""


class Progress(tqdm):
    """A `tqdm` that writes lines instead of a redrawn bar if its output is not a terminal.

    Work that takes less than a minute writes nothing to a log.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take the arguments of `tqdm`, but `disable=None` does not disable the output."""
        file = options.get("file") or sys.stderr
        self.in_lines = not (hasattr(file, "isatty") and file.isatty())
        self._last_line = time.monotonic()
        options["disable"] = bool(options.get("disable"))
        if self.in_lines:
            options |= {"mininterval": EVERY, "miniters": 1, "ncols": 0, "leave": False}
        super().__init__(*arguments, **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Draw the bar, or write a line if the last one is at least a minute old."""
        if not self.in_lines:
            return bool(super().display(msg, pos))
        now = time.monotonic()
        if msg is None and now - self._last_line >= EVERY:
            self._last_line = now
            self.fp.write(f"{self}\n")
            self.fp.flush()
        return False

    def clear(self, nolock: bool = False) -> None:
        """Erase the bar; lines are not erased."""
        if not self.in_lines:
            super().clear(nolock)
