"""The authors' recipe (`default.py`) with the lite network and synthetic clips: its first iterations, on a CPU core.

It shows that the recipe trains, not what it finally reaches: in its crops of 128 pixels, an object has about 25.
`python -m benchmarks.recipes` compares it with `lite_paper_text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.models.box2mask.config import LITE
from ltr_ext.train_settings.box2mask import default
from ltr_ext.train_settings.box2mask_recipe import TrainingRecipe, train_on
from ltr_ext.train_settings.common import synthetic_sets
from ltr_ext.train_settings.synthetic_data import SOURCE_WEIGHTS
from ltr_ext.trainers.options import begin_run


@dataclass(frozen=True, kw_only=True)
class Recipe(TrainingRecipe):
    """The recipe of a network that is trained on synthetic video."""

    clips: SyntheticConfig
    """What synthetic video looks like."""
    source_weights: Mapping[str, float] = field(default_factory=lambda: dict(SOURCE_WEIGHTS))
    """Relative weights of the photographs in a folder; those of other folders have 1."""


PARENT = {entry.name: getattr(default.RECIPE, entry.name) for entry in fields(TrainingRecipe)}
RECIPE = Recipe(
    **PARENT
    | {
        "model": replace(
            LITE, single_dropout=0.0, crop_hw=(128, 128), inference_scale=5.0, max_zoom=None,
            reduction=default.RECIPE.model.reduction, parametrisation=default.RECIPE.model.parametrisation,
        ),
        "crops": replace(default.RECIPE.crops, crop_hw=(128, 128)),
        "validation_crops": SearchConfig(
            crop_hw=(128, 128), centre_jitter=(0.0, 0.0), scale_jitter=0.0, grey=0.0, flip=0.0, rotation=0.0, zoom=0.0,
            brightness=0.0,
        ),
        "batch_size": 2,
        "iterations": 240,
        "iterations_per_epoch": 80,
        "validation_clips": 30,
        "num_workers": 0,
        "checkpoint_every": 80,
    },
    clips=SyntheticConfig(canvas_side=256),
)  # fmt: skip


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's settings.
        recipe: the recipe.
    """
    options = begin_run(settings)
    settings.description = f"box2mask {settings.script_name}, on synthetic video"
    train_set, val_set, facts = synthetic_sets(recipe, options.seed)
    train_on(settings, options, recipe, train_set, val_set, None, **facts)
