"""The small LWL network, trained on synthetic video on two CPU cores, from the weights of box2mask-lite.

It differs from the paper as follows: it has the parts and the crop of box2mask-lite, so that nearly everything is
learnt already and one short stage is enough; the video is made of photographs; the decoder uses the preceding mask,
which in training is a distorted true mask; some later frames do not show the object, as happens in the paper's videos.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ltr_ext.actors.lwl import LWLActor
from ltr_ext.data.previous_masks import PreviousMaskConfig
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import ClipSampler, MixedSampler, SyntheticSampler, VideoSampler
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LITE, LWLConfig, LWLNet, initialise_from_box2mask
from ltr_ext.paths import load_paths
from ltr_ext.text import counted
from ltr_ext.train_settings.common import SyntheticRecipe, make_loaders, parameter_groups, train_network
from ltr_ext.train_settings.lwl_recipe import made_masks
from ltr_ext.train_settings.synthetic_data import announce, find_photographs
from ltr_ext.trainers.options import begin_run
from ltr_ext.weights import load_backbone_weights, load_network


@dataclass(frozen=True, kw_only=True)
class Recipe(SyntheticRecipe):
    """The recipe of an LWL network that is trained on synthetic video, and on video with pseudo masks."""

    model: LWLConfig
    """The network."""
    first_crops: CropConfig
    """Crop of the frame with its mask."""
    later_crops: CropConfig
    """Crops of the frames to segment: around the true box, displaced as far as an object moves between two frames."""
    previous: PreviousMaskConfig
    """How the masks of the preceding frames are simulated."""
    absent_share: float
    """Share of the frames to segment that do not show the object."""
    refinement_iterations: int
    """Steps of the few-shot learner after each frame."""
    rates: Mapping[str, float]
    """Adam's learning rates by part of the network; the frozen backbone has none."""
    made_turns: tuple[int, int] | None = None
    """How many samples are drawn in turn from synthetic video and from the videos of `got10k_dir` with the pseudo masks
    of `got10k_masks_dir`; None means synthetic video alone."""
    made_window: int = 30
    """Length in frames of the window of such a video from which the frames of a sample are drawn."""


_CROPS = CropConfig(
    crop_hw=(256, 256),  # smaller than the tracker's crops; with the smaller scale, objects have the same size in both
    scale=(1.6, 2.8),
    flip=False,  # flips would be drawn separately for the first frame and for the others
)
RECIPE = Recipe(
    model=LITE,
    clips=SyntheticConfig(),
    first_crops=replace(_CROPS, shift=0.05),
    later_crops=replace(_CROPS, shift=0.2, scale_jitter=0.15),
    num_frames=4,
    previous=PreviousMaskConfig(),
    absent_share=0.06,
    refinement_iterations=2,
    batch_size=4,
    iterations=800,
    iterations_per_epoch=200,
    rates={
        "target_features": 3e-4,
        "aggregation": 3e-4,
        "decoder": 1e-3,
        "label_encoder": 1e-3,
        "previous_encoder": 1e-3,
    },
    warm_up=50,
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

    Raises:
        UserError: a path is not set, or a data set is missing.
    """
    options = begin_run(settings)
    photographs = find_photographs(recipe.source_weights)
    train_set: ClipSampler = SyntheticSampler(
        photographs.train, photographs.backgrounds, recipe.clips, recipe.first_crops, test_crops=recipe.later_crops,
        num_frames=recipe.num_frames, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed,
    )  # fmt: skip
    settings.description = "lwl-lite on synthetic video"
    data, further = photographs.facts(), ""
    if recipe.made_turns is not None:
        settings.description += " and video with made masks"
        made = made_masks(load_paths(), f"run_training.py lwl {settings.script_name}", turns=1).dataset
        videos = VideoSampler(
            [made], (1,), recipe.first_crops, test_crops=recipe.later_crops, num_frames=recipe.num_frames,
            window=recipe.made_window, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed,
        )  # fmt: skip
        train_set = MixedSampler([train_set, videos], recipe.made_turns)
        data["videos"] = made.get_num_sequences()
        number = counted(made.get_num_sequences(), "video")
        further = f"{recipe.made_turns[1]} in {sum(recipe.made_turns)} samples from {number} with made masks"
    announce(photographs, further)
    val_set = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, recipe.clips, recipe.first_crops,
        test_crops=recipe.later_crops, num_frames=recipe.num_frames, samples_per_epoch=recipe.validation_clips,
        seed=recipe.validation_seed, repeat=True,
    )  # fmt: skip
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)

    net, start = initial_network(recipe.model, load_paths().weights_dir / "box2mask-lite.safetensors")
    actor = LWLActor(
        net, recipe.objective, recipe.refinement_iterations, autocast=recipe.autocasts, previous=recipe.previous,
        absent_share=recipe.absent_share,
    )  # fmt: skip
    train_network(
        settings, options, recipe, actor, loaders, torch.optim.Adam(parameter_groups(net, recipe.rates), fused=True),
        recipe.rate_factor, start=start, **data,
    )  # fmt: skip


def initial_network(model: LWLConfig, box2mask_weights: Path) -> tuple[LWLNet, str]:
    """Make the network before training.

    Args:
        model: its config.
        box2mask_weights: the file from which it is initialised; if it is missing, only the backbone is not random.

    Returns:
        The network, and the source of its weights: the file's hash or "imagenet".

    Raises:
        UserError: the file holds another network.
    """
    net = LWLNet(model)
    load_backbone_weights(net, model.backbone)
    start = "imagenet"
    if box2mask_weights.is_file():
        start = file_hash(box2mask_weights)
        source = load_network(box2mask_weights)
        if not isinstance(source, Box2MaskNet):
            raise UserError(f"weights {box2mask_weights} hold a {type(source).__name__}: put box2mask weights there")
        fresh = initialise_from_box2mask(net, source)
        logging.getLogger(__name__).info("start from %s; new: %s", box2mask_weights, ", ".join(fresh) or "nothing")
    else:
        logging.getLogger(__name__).warning("%s is missing: training starts from the backbone alone", box2mask_weights)
    return net.to(memory_format=torch.channels_last), start
