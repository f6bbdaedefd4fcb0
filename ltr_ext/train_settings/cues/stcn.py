"""Lite STCN (Cheng et al., NeurIPS 2021): memory and query share one key layer, compared by squared distance."""

from __future__ import annotations

from typing import Any

from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(model=CueConfig(cues=("match",), similarity="l2"))


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
