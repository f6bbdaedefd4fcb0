"""Lite MaskTrack (Perazzi et al., CVPR 2017), which refines the last mask; trained on photographs instead of video."""

from __future__ import annotations

from typing import Any

from ltr_ext.data.mask_deformation import DeformConfig
from ltr_ext.models.cues import CueConfig
from ltr_ext.train_settings import cue_recipe

RECIPE = cue_recipe.CueRecipe(
    model=CueConfig(cues=("refine",), dilation=5),
    deform=DeformConfig(),
    iterations=400,  # more than in the other recipes, since a sample has one frame to segment and is quickly made
    iterations_per_epoch=100,
    warm_up=30,
    validation_clips=40,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    cue_recipe.train(settings, RECIPE)
