"""Lite STM (Oh et al., ICCV 2019), which matches positions with remembered ones by the dot product of their keys."""

from __future__ import annotations

from typing import Any

from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(model=CueConfig(cues=("match",)))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
