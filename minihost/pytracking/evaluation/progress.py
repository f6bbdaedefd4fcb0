"""How progress is shown where there is no terminal: a line a minute."""

from __future__ import annotations

import sys
from typing import Any

EVERY = 60.0
"""Seconds."""


def bar_options() -> dict[str, Any]:
    """What `tqdm` is told: nothing on a terminal; else lines instead of a bar that redraws itself, none at first."""
    if sys.stderr.isatty():
        return {}
    line = "{desc}: {n_fmt} of {total_fmt}, {elapsed} gone, {remaining} left\n"
    return {"mininterval": EVERY, "miniters": 1, "delay": EVERY, "leave": False, "bar_format": line}
