"""Table 3, MIL+CRF: as `mil.py`, with the dense-CRF loss on the frames of B in addition.

The loss is that of Tang et al. (ECCV 2018, `ltr_ext/losses/crf.py`) with their kernel: 15 in colour, 100 pixels in
position. Its weight, 0.1 of the MIL loss, is ours.

Expected J on YT300 (table 3): 77.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import mil

RECIPE = replace(mil.RECIPE, weak="mil_crf")


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
