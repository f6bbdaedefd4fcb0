"""Table 3, Only A: LWL trained only on the sequences with masks.

For all rows of table 3, the paper (section 4.2) divides the training set of YouTube-VOS 2019 1 : 9 into A, which has
masks, and B, which has boxes, and trains for 100k iterations. The paper does not state the learning rates, which are
those of `stage1`, a fifth of them after 4/7 of the run as there; nor how often A and B are drawn, which is in
proportion to their size; nor the division, which is ours (`ltr_ext/dataset/splits.py`).

Expected J on YT300 (table 3): 76.9.
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
