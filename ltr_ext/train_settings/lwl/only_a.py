"""Table 3, Only A: LWL trained on the sequences with masks alone.

From the paper (section 4.2): YouTube-VOS 2019 train split 1 : 9 into A (masks) and B (boxes), 100k iterations. Not in
the paper: the learning rates, those of `stage1`, a fifth of them after 4/7 of the run as there; A and B in proportion
to their size; the split, ours (`ltr_ext/dataset/splits.py`).

Expected, J on YT300 (table 3): 76.9.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import stage1

RECIPE = replace(stage1.RECIPE, sources={"YouTube-VOS A": 1}, iterations=100_000, milestones=(57_000,))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
