"""LWL with ResNet-50, first stage: the backbone (Mask R-CNN weights) is fixed; 70k iterations.

Figures of the LWL paper (see `lwl_recipe.py`): YouTube-VOS : DAVIS 6 : 1, learning rates 1e-4 (few-shot learner,
decoder), 2e-5 (features of the learner), 2e-4 (label encoder), a fifth of them after 40k iterations, batch 20.
"""

from __future__ import annotations

from typing import Any

from ltr_ext.train_settings.lwl_recipe import STAGE1_RATES, Recipe, train

RECIPE = Recipe(
    sources={"YouTube-VOS": 6, "DAVIS": 1},
    iterations=70_000,
    milestones=(40_000,),
    rates=STAGE1_RATES,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)
