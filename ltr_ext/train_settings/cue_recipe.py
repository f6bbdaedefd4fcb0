"""The recipe by which all networks of cues are trained: on synthetic video, starting from the parts of lwl-lite."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ltr_ext.actors.cues import CueActor
from ltr_ext.data.mask_deformation import DeformConfig
from ltr_ext.data.processing import CropConfig
from ltr_ext.data.sampler import ClipSampler
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.data.tracks import StillSampler, TrackSampler
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.models.cues import CueConfig, CueNet, initialise_from_lwl
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from ltr_ext.train_settings.common import SyntheticRecipe, make_loaders, parameter_groups, train_network
from ltr_ext.train_settings.synthetic_data import Photographs, announce, find_photographs
from ltr_ext.trainers.options import begin_run
from ltr_ext.weights import SHARED_BACKBONE, load_network

_CROPS = CropConfig(
    crop_hw=(224, 224),  # smaller than the tracker's crops; with the smaller scale, objects have the same size in both
    scale=(1.6, 2.8),
    flip=False,  # the first frame and the later ones would be flipped independently
)


@dataclass(frozen=True, kw_only=True)
class CueRecipe(SyntheticRecipe):
    """The recipe of a network of cues; the defaults are common to all systems."""

    model: CueConfig
    """The config of the network."""
    deform: DeformConfig | None = None
    """If given, training uses photographs whose masks are deformed in this way, instead of synthetic video."""
    clips: SyntheticConfig = field(default_factory=SyntheticConfig)
    first_crops: CropConfig = field(default_factory=lambda: replace(_CROPS, shift=0.05))
    """How the frame with the given mask is cropped."""
    later_crops: CropConfig = field(default_factory=lambda: replace(_CROPS, shift=0.2, scale_jitter=0.15))
    """How the frames to segment are cropped: around the true box, shifted as far as an object moves between frames."""
    num_frames: int = 3
    absent_share: float = 0.06
    """Share of the frames to segment that do not show the object."""
    drop: float = 0.15
    """See `CueNet.read`."""
    batch_size: int = 4
    iterations: int = 120
    iterations_per_epoch: int = 60
    rates: Mapping[str, float] = field(
        default_factory=lambda: {"target_features": 1e-4, "cues": 1e-3, "decoder": 5e-4}
    )  # fmt: skip
    """Learning rates of Adam, by part of the network; the frozen backbone has none."""
    still_shift: float = 0.1
    """Standard deviation of the shift of deformed stills' crops, in units of the box's sides."""
    warm_up: int = 15
    clip_norm: float | None = 5.0
    validation_clips: int = 24
    num_workers: int = field(default=1, compare=False)
    checkpoint_every: int = field(default=20, compare=False)


def train(settings: Any, recipe: CueRecipe) -> None:
    """Train a network of cues.

    Args:
        settings: the `Settings` object of the host.
        recipe: the recipe.

    Raises:
        UserError: a path is not set, or the weights with which training starts are missing.
    """
    options = begin_run(settings)
    net, start = initial_network(recipe.model, load_paths().weights_dir / SHARED_BACKBONE)
    photographs = find_photographs(recipe.source_weights)
    announce(photographs)
    settings.description = f"{' + '.join(recipe.model.cues) or 'no cue'} on {photographs_kind(recipe)}"
    train_set = samples(recipe, photographs, options.seed, training=True)
    val_set = samples(recipe, photographs, recipe.validation_seed, training=False)
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)
    actor = CueActor(
        net, recipe.objective, autocast=recipe.autocasts, drop=recipe.drop,
        absent_share=0.0 if recipe.deform else recipe.absent_share,
    )  # fmt: skip
    optimizer = torch.optim.Adam(parameter_groups(net, recipe.rates), fused=True)
    train_network(
        settings, options, recipe, actor, loaders, optimizer, recipe.rate_factor, start=start, **photographs.facts()
    )  # fmt: skip


def photographs_kind(recipe: CueRecipe) -> str:
    """The kind of samples that are made from photographs, for the description of the run."""
    return "synthetic video" if recipe.deform is None else "photographs with deformed masks"


def samples(recipe: CueRecipe, photographs: Photographs, seed: int, *, training: bool) -> ClipSampler:
    """Build the sampler for training, or for validation, which uses synthetic video in every recipe."""
    stills = photographs.train if training else photographs.held_out
    count = recipe.samples_per_epoch if training else recipe.validation_clips
    if training and recipe.deform is not None:
        shares = (recipe.clips.min_share, recipe.clips.max_share)
        crops = replace(recipe.later_crops, shift=recipe.still_shift)
        return StillSampler(stills, crops, recipe.deform, shares, samples_per_epoch=count, seed=seed)
    return TrackSampler(
        stills, photographs.backgrounds, recipe.clips, recipe.first_crops, recipe.later_crops,
        flow="warp" in recipe.model.cues, num_frames=recipe.num_frames, samples_per_epoch=count, seed=seed,
        repeat=not training,
    )  # fmt: skip


def initial_network(model: CueConfig, lwl_weights: Path) -> tuple[CueNet, str]:
    """Build the untrained network from the parts of lwl-lite.

    Args:
        model: the config of the network.
        lwl_weights: the weight file of lwl-lite, whose backbone all networks of cues share.

    Returns:
        The network and the hash of the file.

    Raises:
        UserError: the file is missing, or holds another kind of network.
    """
    source = load_network(lwl_weights)
    if not isinstance(source, LWLNet):
        raise UserError(f"weights {lwl_weights} hold a {type(source).__name__}: put the weights of lwl-lite there")
    net = CueNet(model)
    net.backbone.fold_batch_norm()
    fresh = initialise_from_lwl(net, source)
    logging.getLogger(__name__).info("start from %s; new: %s", lwl_weights, ", ".join(fresh) or "nothing")
    return net.to(memory_format=torch.channels_last), file_hash(lwl_weights)
