"""LWL with ResNet-50, second stage: from stage1, layers 2 to 4 of the backbone too; 80k iterations.

Figures of the LWL paper (see `lwl_recipe.py`): as `stage1`, but a learning rate of 2e-5 everywhere, a fifth of it
after 25k and again after 75k iterations.
"""

from __future__ import annotations

from typing import Any

from ltr_ext.train_settings.lwl_recipe import STAGE2_RATE, Recipe, train

RECIPE = Recipe(
    sources={"YouTube-VOS": 6, "DAVIS": 1},
    iterations=80_000,
    milestones=(25_000, 75_000),
    rates=STAGE2_RATE,
    trained_backbone=("layer2", "layer3", "layer4"),
    start="stage1",
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)
