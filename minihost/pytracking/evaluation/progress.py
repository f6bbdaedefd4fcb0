"""Shows progress as a line per minute if there is no terminal."""

from __future__ import annotations

import sys
from typing import Any

EVERY = 60.0
"""Seconds between two lines."""


def bar_options() -> dict[str, Any]:
    """Options of `tqdm`: none on a terminal, otherwise those for lines instead of a redrawn bar."""
    if sys.stderr.isatty():
        return {}
    line = "{desc}: {n_fmt} of {total_fmt}, {elapsed} gone, {remaining} left\n"
    return {"mininterval": EVERY, "miniters": 1, "delay": EVERY, "leave": False, "bar_format": line}
