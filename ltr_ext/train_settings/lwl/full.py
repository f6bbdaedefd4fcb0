"""Table 3, FS: masks of A and B, the upper bound.

From the paper (section 4.2): YouTube-VOS 2019 train split 1 : 9 into A (masks) and B (boxes), 100k iterations. Not in
the paper: the learning rates, those of `stage1`, a fifth of them after 4/7 of the run as there; A and B in proportion
to their size; the split, ours (`ltr_ext/dataset/splits.py`).

Expected, J on YT300 (table 3): 79.8.
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
