"""LWL with ResNet-50, second stage: `stage1` is continued, with layers 2 to 4 of the backbone trained, too; 80k
iterations.

The numbers are those of the LWL paper (see `stage1.py`), but the learning rate is 2e-5 everywhere, a fifth of it after
25k iterations and again after 75k.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ltr_ext.train_settings import lwl_recipe
from ltr_ext.train_settings.lwl import stage1

RECIPE = replace(
    stage1.RECIPE,
    iterations=80_000,
    milestones=(25_000, 75_000),
    rates=2e-5,
    trained_backbone=("layer2", "layer3", "layer4"),
    start="stage1",
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    lwl_recipe.train(settings, RECIPE)
