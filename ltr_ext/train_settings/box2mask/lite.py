"""The small box2mask network, trained on synthetic video on two CPU cores.

It differs from the paper (`default.py`) as follows:

* EfficientNet-Lite0 instead of ResNet-50, square crops (256 pixels, 1.5 to 2.8 times the box in training) and a narrow
  decoder, so that a laptop can train and run it.
* Synthetic video made of photographs, since a laptop seldom has a video data set.
* Cross-entropy in addition to Lovasz, and a cosine schedule from 2e-3, since the run is thirty times shorter.
* Imprecise boxes in 30 % of the clips.
* m_t set to zero in a quarter of the sequences, so that the network learns to use s_t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE, Box2MaskConfig
from ltr_ext.paths import load_paths
from ltr_ext.train_settings.common import SyntheticRecipe, make_loaders, synthetic_sets, train_network
from ltr_ext.trainers.options import begin_run
from ltr_ext.weights import load_backbone_weights, load_network

COMPARISON_ITERATIONS = 600
"""Length of the four `lite_<variant>` settings: enough to compare the networks, not to use them."""


@dataclass(frozen=True, kw_only=True)
class Recipe(SyntheticRecipe):
    """The recipe of a box2mask network that is trained on synthetic video."""

    model: Box2MaskConfig
    """The network."""
    crops: CropConfig
    """Crops in training."""
    validation_crops: CropConfig
    """Crops in validation, which are cut as in the use of the network."""
    learning_rate: float
    """Learning rate of Adam."""
    trained_backbone: tuple[str, ...] = ()
    """Parts of the backbone that are trained."""
    backbone_rate: float = 0.1
    """Their learning rate, as a multiple of `learning_rate`."""
    start: str | None = None
    """A file in `weights_dir` from which the network is initialised, wherever names and shapes agree."""


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
        settings: the host's settings.
        recipe: the recipe.
    """
    options = begin_run(settings)
    settings.description = f"box2mask {settings.script_name}, {recipe.model.variant}, on synthetic video"
    train_set, val_set, facts = synthetic_sets(recipe, options.seed)
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)

    net, start = initial_network(recipe.model, recipe.trained_backbone, recipe.start)
    groups = parameter_groups(net, recipe.learning_rate, recipe.backbone_rate)
    data = facts | ({} if start is None else {"start": start})
    train_network(
        settings, options, recipe, Box2MaskActor(net, recipe.objective, autocast=recipe.autocasts), loaders,
        torch.optim.Adam(groups, fused=True), recipe.rate_factor, **data,
    )  # fmt: skip


def initial_network(
    model: Box2MaskConfig, trained_backbone: Sequence[str] = (), start: str | None = None
) -> tuple[Box2MaskNet, str | None]:
    """Make the network before training.

    Args:
        model: its config.
        trained_backbone: parts of the backbone to train.
        start: a file in `weights_dir` whose tensors are copied wherever names and shapes agree, except the backbone's.

    Returns:
        The network, and the hash of that file or None.

    Raises:
        UserError: the file is missing, or holds another network.
    """
    net = Box2MaskNet(model)
    load_backbone_weights(net, model.backbone, fold=not trained_backbone)
    net.backbone.unfreeze(trained_backbone)
    digest = None
    if start is not None:
        path = load_paths().weights_dir / start
        source = load_network(path)
        if not isinstance(source, Box2MaskNet):
            raise UserError(f"weights {path} hold a {type(source).__name__}: put box2mask weights there")
        digest, ours, theirs = file_hash(path), net.state_dict(), source.state_dict()
        fitting = [name for name in ours.keys() & theirs.keys() if ours[name].shape == theirs[name].shape]
        taken = {name: theirs[name] for name in fitting if not name.startswith("backbone.")}
        net.load_state_dict(taken, strict=False)
    return net.to(memory_format=torch.channels_last), digest


def parameter_groups(net: Box2MaskNet, rate: float, backbone_rate: float) -> list[dict[str, Any]]:
    """Adam's groups: the trained parameters outside the backbone, and those inside with the rate * backbone_rate."""
    inside: list[torch.Tensor] = []
    outside: list[torch.Tensor] = []
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            (inside if name.startswith("backbone.") else outside).append(parameter)
    groups = [{"params": outside, "lr": rate}, {"params": inside, "lr": rate * backbone_rate}]
    return [group for group in groups if group["params"]]
