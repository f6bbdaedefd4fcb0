"""Lite SSTVOS (Duke et al., CVPR 2021), which matches the most similar of the nearby positions."""

from __future__ import annotations

from typing import Any

from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(model=CueConfig(cues=("match",), radius=6.0, top=64))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
