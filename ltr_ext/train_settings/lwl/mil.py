"""Table 3, MIL: masks of A, and the multiple-instance loss on the boxes of B.

From the paper (section 4.2): YouTube-VOS 2019 train split 1 : 9 into A (masks) and B (boxes), 100k iterations. Not in
the paper: the learning rates, those of `stage1`, a fifth of them after 4/7 of the run as there; A and B in proportion
to their size; the split, ours (`ltr_ext/dataset/splits.py`).

The loss is that of Hsu et al. (NeurIPS 2019, `ltr_ext/losses/mil.py`) with their weight of smoothness, 0.05; it weighs
as much as the loss on masks. In B the first frame's mask is its box, filled; the paper does not say what it
gave LWL there.

Expected, J on YT300 (table 3): 77.7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import only_a

RECIPE = replace(only_a.RECIPE, sources={"YouTube-VOS A": 1, "YouTube-VOS B, boxes": 9}, weak="mil")


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
