"""A row of table 2 on the lite network, by a short run: all, as shipped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings.box2mask import lite

RECIPE = replace(
    lite.RECIPE, model=replace(lite.RECIPE.model, variant="iterative"), iterations=lite.COMPARISON_ITERATIONS
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lite.train(settings, RECIPE)
