"""A row of table 2 by the paper's recipe: m_t alone.

As `default.py` but for the variant. Expected, J (table 2): YT300 83.3, DAVIS 2017 val 77.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import default

RECIPE = replace(default.RECIPE, model=replace(default.RECIPE.model, variant="single_image"))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    default.train(settings, RECIPE)
