"""A row of table 2 with the lite network and a short run: m_t and s_t with refinement, as in the shipped network."""

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
