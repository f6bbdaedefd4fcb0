"""The small box2mask network, trained on synthetic video on two CPU cores.

Where it differs from the paper (`default.py`), and why: EfficientNet-Lite0 instead of ResNet-50, square crops (256
pixels of 1.5 to 2.8 times the box in training) and a thin decoder, so that a laptop can train and run it; synthetic
video from photographs, since no video data set is at hand there; cross-entropy beside Lovasz and a cosine schedule
from 2e-3, since the run is thirty times shorter; careless boxes in 30 % of the clips; m_t withheld in a quarter of the
sequences, so that the network learns to need s_t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import SyntheticSampler
from ltr_ext.data.synthetic import SyntheticConfig
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE, Box2MaskConfig
from ltr_ext.train_settings.common import SyntheticRecipe, make_loaders, train_network
from ltr_ext.train_settings.synthetic_data import announce, find_photographs
from ltr_ext.trainers.options import begin_run
from ltr_ext.weights import load_backbone_weights

COMPARISON_ITERATIONS = 600
"""Of the four `lite_<variant>` settings: enough to compare them, not to use them."""


@dataclass(frozen=True, kw_only=True)
class Recipe(SyntheticRecipe):
    """Of a box2mask network trained on synthetic video."""

    model: Box2MaskConfig
    """The network."""
    crops: CropConfig
    """Of training."""
    validation_crops: CropConfig
    """As the network's users cut them."""
    learning_rate: float
    """Of Adam."""


RECIPE = Recipe(
    model=LITE,
    clips=SyntheticConfig(),
    crops=CropConfig(crop_hw=(256, 256), scale=(1.5, 2.8), shift=0.1, loose_share=0.3, looseness=0.08),
    validation_crops=CropConfig(crop_hw=LITE.crop_hw, scale=(LITE.inference_scale, LITE.inference_scale), flip=False),
    num_frames=3,
    batch_size=4,
    iterations=2600,
    iterations_per_epoch=200,
    learning_rate=2e-3,
    warm_up=100,
    clip_norm=5.0,
    validation_clips=60,
    num_workers=1,
    checkpoint_every=100,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's.
        recipe: which.
    """
    options = begin_run(settings)
    settings.description = f"box2mask-lite, {recipe.model.variant}, on synthetic video"
    photographs = find_photographs(recipe.source_weights)
    announce(photographs)
    train_set = SyntheticSampler(
        photographs.train, photographs.backgrounds, recipe.clips, recipe.crops,
        num_frames=recipe.num_frames, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed,
    )  # fmt: skip
    val_set = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, recipe.clips, recipe.validation_crops,
        num_frames=recipe.num_frames, samples_per_epoch=recipe.validation_clips, seed=recipe.validation_seed,
        repeat=True,
    )  # fmt: skip
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)

    net = Box2MaskNet(recipe.model)
    load_backbone_weights(net, recipe.model.backbone)
    net.to(memory_format=torch.channels_last)
    train_network(
        settings, options, recipe, Box2MaskActor(net, recipe.objective, autocast=recipe.autocast), loaders,
        torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=recipe.learning_rate, fused=True),
        recipe.rate_factor, **photographs.facts(),
    )  # fmt: skip
