"""The paper's network and recipe (section 3.4): ResNet-50, YouTube-VOS 2019 and DAVIS 2017, 80k iterations.

Numbers from the paper: T = 3 frames within a window of 100, crops of 5 times the box resized to 832 x 480, only
horizontal flips, YouTube-VOS : DAVIS 6 : 1, Lovasz loss on both passes, Adam 1e-2 with a factor of 0.2 at 30k and 60k
iterations, batch 4, backbone (Mask R-CNN weights) fixed, the rest initialised after He et al.

Expected, J with T = 9 (table 1): YT300 85.6, DAVIS 2017 val 81.2. The paper took 32 hours on a TITAN Xp.

Needs `youtubevos_dir`, `davis_dir` and `pretrained_dir` in the settings; the last one holds
`e2e_mask_rcnn_R_50_FPN_1x_converted.pkl`, the backbone file that upstream's LWL settings use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from ltr.dataset import Davis, YouTubeVOS

from ltr_ext.actors.box2mask import Box2MaskActor
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import VideoSampler
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.dataset.splits import part_of
from ltr_ext.distributed import processes
from ltr_ext.losses import lovasz_loss
from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.models.layers import he_initialise
from ltr_ext.paths import load_paths
from ltr_ext.train_settings.common import BACKBONE_FILE, BaseRecipe, make_loaders, stepped_decay, train_network
from ltr_ext.trainers.options import begin_run
from ltr_ext.weights import load_backbone_weights


@dataclass(frozen=True, kw_only=True)
class Recipe(BaseRecipe):
    """Of a network trained on videos with masks."""

    model: Box2MaskConfig
    """The network."""
    crops: CropConfig
    """Of training and of validation."""
    num_frames: int
    """T, frames in a sample."""
    window: int
    """Frames of the stretch of video that they are drawn from."""
    turns: tuple[int, ...]
    """Samples that YouTube-VOS and DAVIS give in turn; a single number: YouTube-VOS alone."""
    part: str = "train"
    """Of YouTube-VOS, see `ltr_ext.dataset.splits`."""
    learning_rate: float
    """Of Adam."""
    milestones: tuple[int, ...]
    """Iterations after which the learning rate falls."""
    decay: float
    """Factor by which it falls."""


RECIPE = Recipe(
    model=Box2MaskConfig(block_bias=False),  # as upstream, so that it can be exported for pytracking
    crops=CropConfig(crop_hw=(480, 832), scale=(5.0, 5.0)),
    num_frames=3,
    window=100,
    turns=(6, 1),
    batch_size=4,
    iterations=80_000,
    iterations_per_epoch=1000,
    learning_rate=1e-2,
    milestones=(30_000, 60_000),
    decay=0.2,
    validation_clips=300,
)


def run(settings: Any) -> None:
    """Entry point, called by the host's run_training."""
    train(settings, RECIPE)


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's.
        recipe: which.

    Raises:
        UserError: a path is not set, a data set is missing.
    """
    options = begin_run(settings)
    settings.description = f"box2mask as in the paper, {recipe.model.variant}"
    paths = load_paths()
    needed_for = f"run_training.py box2mask {settings.script_name}"
    youtubevos = paths.require("youtubevos_dir", needed_for=needed_for)
    davis = paths.require("davis_dir", needed_for=needed_for) if len(recipe.turns) > 1 else None
    pretrained = paths.require("pretrained_dir", needed_for=needed_for)
    require_dataset("yt2019_train")
    if davis is not None:
        require_dataset("dv2017_train")

    def sequences(names: list[str]) -> YouTubeVOS:
        return YouTubeVOS(root=str(youtubevos), version="2019", split="train", multiobj=False, sequences=names)

    frames_dir = youtubevos / "2019" / "train" / "JPEGImages"
    with processes().main_first():
        train_sets = [sequences(part_of(frames_dir, recipe.part))]
        if davis is not None:
            train_sets.append(Davis(root=str(davis), version="2017", split="train", multiobj=False))
        yt300 = sequences(part_of(frames_dir, "YT300"))
    sample = partial(VideoSampler, crops=recipe.crops, num_frames=recipe.num_frames, window=recipe.window)
    train_set = sample(train_sets, recipe.turns, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed)
    val_set = sample([yt300], (1,), samples_per_epoch=recipe.validation_clips, seed=recipe.validation_seed, repeat=True)
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)

    net = Box2MaskNet(recipe.model)
    he_initialise(net.decoder)
    he_initialise(net.target_features)
    load_backbone_weights(net, recipe.model.backbone, pretrained / BACKBONE_FILE)
    train_network(
        settings, options, recipe, Box2MaskActor(net, lovasz_loss), loaders,
        torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=recipe.learning_rate),
        partial(stepped_decay, milestones=recipe.milestones, decay=recipe.decay),
        sequences=[dataset.get_num_sequences() for dataset in train_sets], held_out=yt300.get_num_sequences(),
    )  # fmt: skip
