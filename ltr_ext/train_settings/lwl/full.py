"""Table 3, FS: the masks of A and B, which is the upper bound. Everything else is as in `only_a.py`.

Expected J on YT300 (table 3): 79.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import only_a

RECIPE = replace(only_a.RECIPE, sources={"YouTube-VOS": 1})


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
