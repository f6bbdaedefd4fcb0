"""Table 3, MIL: the masks of A, and the multiple-instance loss on the boxes of B. The rest is as in `only_a.py`.

The loss is that of Hsu et al. (NeurIPS 2019, `ltr_ext/losses/mil.py`) with their weight of smoothness, 0.05; it has the
same weight as the loss on masks. In B, the mask of the first frame is its filled box; the paper does not say which mask
it used there.

Expected J on YT300 (table 3): 77.7.
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
