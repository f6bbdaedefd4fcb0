"""Progress of long work: a bar on a terminal, a line a minute in a log file."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

EVERY = 60.0
"""Seconds from one line to the next, where there is no terminal."""


class Progress(tqdm):
    """As `tqdm`; where its output is no terminal, it writes lines instead of a bar that redraws itself.

    Work that takes less than a minute leaves nothing in a log.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """See `tqdm`; `disable=None` disables nothing here."""
        file = options.get("file") or sys.stderr
        self.in_lines = not (hasattr(file, "isatty") and file.isatty())
        self._last_line = time.monotonic()
        options["disable"] = bool(options.get("disable"))
        if self.in_lines:
            options |= {"mininterval": EVERY, "miniters": 1, "ncols": 0, "leave": False}
        super().__init__(*arguments, **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Draw the bar, or write a line if the last one is old enough; whatever else is printed, there are no more."""
        if not self.in_lines:
            return bool(super().display(msg, pos))
        now = time.monotonic()
        if msg is None and now - self._last_line >= EVERY:
            self._last_line = now
            self.fp.write(f"{self}\n")
            self.fp.flush()
        return False

    def clear(self, nolock: bool = False) -> None:
        """Erase the bar; lines stay."""
        if not self.in_lines:
            super().clear(nolock)
