"""How the paper's network is trained, whatever it is trained on: in `box2mask/` as its authors did, and as it says."""

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
    """All but the data."""

    model: Box2MaskConfig
    """The network."""
    crops: CropConfig | SearchConfig
    """Of training."""
    validation_crops: CropConfig | SearchConfig
    """Of validation."""
    num_frames: int
    """T, frames in a sample."""
    loss: Literal["lovasz_softmax", "lovasz_hinge"]
    """Of both passes: of the probabilities, over all frames of a batch together, bounded; or of the logits, frame by
    frame."""
    loss_weight: float = 1.0
    """Its factor."""
    fixed_statistics: bool
    """Whether batch statistics are left as they are at the start, the decoder's, too."""
    he_decoder: bool
    """Whether the decoder is initialised after He et al., as encoders and features are; else as PyTorch does."""
    learning_rate: float
    """Of Adam, for the parts that have none of their own."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Part of the network -> its learning rate."""
    milestones: tuple[int, ...]
    """Iterations after which the learning rates fall."""
    decay: float
    """Factor by which they fall."""

    @property
    def objective(self) -> Objective:
        """Loss of logits against masks."""
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
    """Train a network from scratch, but for its backbone.

    Args:
        settings: the host's.
        options: of this run.
        recipe: how.
        train_set: its samples.
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
    """The network before training: encoders and features drawn after He et al., the decoder as the recipe says."""
    net = Box2MaskNet(recipe.model)
    he_initialise(net.target_features)
    if recipe.he_decoder:
        he_initialise(net.decoder)
    return net
