"""A row of table 2 by the recipe of `default.py`: m_t and s_t, without refinement.

Expected J (table 2): YT300 84.8, DAVIS 2017 val 80.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import default

RECIPE = replace(default.RECIPE, model=replace(default.RECIPE.model, variant="multi_frame_plus"))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    default.train(settings, RECIPE)
