"""Training of the paper's network on any data, by the authors' recipe or by the paper's text (see `box2mask/`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.actors.common import Objective
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import ClipSampler
from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.losses import lovasz_loss, lovasz_sigmoid_loss
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.layers import he_initialise
from ltr_ext.train_settings.common import BaseRecipe, make_loaders, parameter_groups, stepped_decay, train_network
from ltr_ext.trainers.options import RunOptions
from ltr_ext.weights import load_backbone_weights


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe(BaseRecipe):
    """A recipe without its data."""

    model: Box2MaskConfig
    """The network."""
    crops: CropConfig | SearchConfig
    """Crops in training."""
    validation_crops: CropConfig | SearchConfig
    """Crops in validation."""
    num_frames: int
    """T, the number of frames in a sample."""
    loss: Literal["lovasz_softmax", "lovasz_hinge"]
    """The loss of both passes: on the probabilities over all frames of a batch together, which is bounded, or on the
    logits of each frame."""
    loss_weight: float = 1.0
    """Factor of the loss."""
    fixed_statistics: bool
    """Whether all batch statistics, also the decoder's, keep their initial values."""
    he_decoder: bool
    """Whether the decoder is initialised after He et al., like the encoders and the feature head, or as in PyTorch."""
    learning_rate: float
    """Adam's learning rate for the parts that `rates` does not name."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Learning rates by part of the network."""
    milestones: tuple[int, ...]
    """Iterations after which the learning rates fall."""
    decay: float
    """Factor by which they fall."""

    @property
    def objective(self) -> Objective:
        """The loss of logits against masks."""
        if self.loss == "lovasz_softmax":
            return partial(lovasz_sigmoid_loss, weight=self.loss_weight)
        return partial(lovasz_loss, weight=self.loss_weight)


def train_on(
    settings: Any,
    options: RunOptions,
    recipe: TrainingRecipe,
    train_set: ClipSampler,
    val_set: ClipSampler,
    backbone_file: Path | None,
    **data: Any,
) -> None:
    """Train a network from scratch, except for its backbone.

    Args:
        settings: the host's settings.
        options: the options of this run.
        recipe: the recipe.
        train_set: training samples.
        val_set: held-out samples.
        backbone_file: see `load_backbone_weights`.
        data: see `train_network`.
    """
    net = fresh_network(recipe)
    load_backbone_weights(net, recipe.model.backbone, backbone_file)
    net = net.to(memory_format=torch.channels_last)
    actor = Box2MaskActor(
        net, recipe.objective, whole_batch=recipe.loss == "lovasz_softmax", fixed_statistics=recipe.fixed_statistics
    )
    train_network(
        settings, options, recipe, actor, make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers),
        torch.optim.Adam(parameter_groups(net, recipe.rates, recipe.learning_rate)),
        partial(stepped_decay, milestones=recipe.milestones, decay=recipe.decay), **data,
    )  # fmt: skip


def fresh_network(recipe: TrainingRecipe) -> Box2MaskNet:
    """Build the untrained network: features and encoders drawn after He et al., the decoder as the recipe says."""
    net = Box2MaskNet(recipe.model)
    he_initialise(net.target_features)
    if recipe.he_decoder:
        he_initialise(net.decoder)
    return net
