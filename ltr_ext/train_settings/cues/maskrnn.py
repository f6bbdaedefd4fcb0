"""Lite MaskRNN (Hu et al., NIPS 2017), which moves the last mask by the optical flow and refines it."""

from __future__ import annotations

from typing import Any

from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(model=CueConfig(cues=("warp",)))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
