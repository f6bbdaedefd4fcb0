"""Table 3, Ours: the masks of A, and the masks that box2mask, trained on A, makes from the boxes of B.

Everything else is as in `only_a.py`. The settings file must name `youtubevos_masks_dir`; docs/reproduce.md says how to
make these masks.

Expected J on YT300 (table 3): 78.9.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import only_a

RECIPE = replace(only_a.RECIPE, sources={"YouTube-VOS A": 1, "YouTube-VOS B, pseudo masks": 9})


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
