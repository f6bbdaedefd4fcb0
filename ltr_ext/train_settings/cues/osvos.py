"""The lite parent network of OSVOS (Caelles et al., CVPR 2017), which has no cue and so segments salient objects."""

from __future__ import annotations

from typing import Any

from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(model=CueConfig(cues=()))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
