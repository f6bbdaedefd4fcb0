"""A row of table 2 by the recipe of `default.py`: m_t and s_t with refinement, which is the network of `default`.

Expected J (table 2): YT300 85.6, DAVIS 2017 val 81.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import default

RECIPE = replace(default.RECIPE, model=replace(default.RECIPE.model, variant="iterative"))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    default.train(settings, RECIPE)
