"""How many inputs the tests with hypothesis try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("BOX2MASK_EXAMPLES", "0"))
"""For a long search: `BOX2MASK_EXAMPLES=20000 pytest ...` tries that many, other ones than usual."""


def trials(usual: int) -> settings:
    """So many trials, the same every time unless more are asked for."""
    return settings(
        max_examples=EXAMPLES or usual,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
