"""What the ResNet-50 recipes of LWL have in common; each file in `lwl/` holds the few lines that differ from its
parent.

The held-out set is YT300, upstream's jjvalid (`ltr_ext/dataset/splits.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from ltr.dataset import Davis, Got10kVOS, LasotVOS, YouTubeVOS
from torch import Tensor

from ltr_ext.actors.lwl import LWLActor
from ltr_ext.actors.weak_lwl import WeakLWLActor
from ltr_ext.data.decisions import rejected_in
from ltr_ext.data.fewshot import FewShotSampler, Source
from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.dataset.splits import part_of
from ltr_ext.dataset.trusted_masks import TrustedMasks
from ltr_ext.dataset.views import BoxesOnly, PseudoMasks
from ltr_ext.digest import file_hash
from ltr_ext.distributed import processes
from ltr_ext.errors import UserError
from ltr_ext.losses import crf_loss, lovasz_sigmoid_loss, mil_loss
from ltr_ext.losses.crf import SIGMA_RGB, SIGMA_XY
from ltr_ext.losses.mil import PAIRWISE_WEIGHT
from ltr_ext.models.layers import he_initialise
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.paths import Paths, load_paths
from ltr_ext.train_settings.common import (
    BACKBONE_FILE,
    BaseRecipe,
    make_loaders,
    parameter_groups,
    stepped_decay,
    train_network,
)
from ltr_ext.trainers.checkpoint import CheckpointFolder, require_entries
from ltr_ext.trainers.options import begin_run
from ltr_ext.trainers.state import NET_PREFIX
from ltr_ext.weights import load_backbone_weights


@dataclass(frozen=True, kw_only=True)
class Recipe(BaseRecipe):
    """The recipe of LWL on a ResNet-50; the parent of all such recipes is that of `lwl/stage1.py`."""

    model: LWLConfig
    """The network."""
    sources: Mapping[str, int]
    """How many samples each data set, a key of `SOURCES`, gives when it is its turn; they take turns in this order."""
    first_crops: SearchConfig
    """Crop of the frame with its mask."""
    later_crops: SearchConfig
    """Crops of the frames to segment."""
    num_later: int
    """Number of frames to segment."""
    max_gap: int
    """Largest distance of these frames from the first one, in frames."""
    refinement_iterations: int
    """Steps of the few-shot learner after each frame."""
    loss_weight: float
    """Weight of the losses on masks and on boxes."""
    weak: Literal["mil", "mil_crf"] | None = None
    """Loss on the sources with boxes."""
    smoothness_weight: float = PAIRWISE_WEIGHT
    """Weight of the smoothness term in the loss on boxes."""
    crf_weight: float = 0.1
    """Weight of the CRF loss that is added to the loss on boxes. It is ours and not tuned: the paper states none, and
    our loss is scaled differently."""
    crf_sigmas: tuple[float, float] = (SIGMA_RGB, SIGMA_XY)
    """Standard deviations of its kernel in colour and in position."""
    trained_backbone: tuple[str, ...] = ()
    """Parts of the backbone that are trained, too."""
    start: str | None = None
    """The train setting of LWL with whose last checkpoint training starts."""
    rates: Mapping[str, float] | float
    """Adam's learning rates by part of the network, or one for all parts."""
    milestones: tuple[int, ...]
    """Iterations after which the learning rate falls."""
    decay: float
    """Factor by which it falls."""


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's settings.
        recipe: the recipe.

    Raises:
        UserError: a path is not set, or a data set or the checkpoint with which the training starts is missing.
    """
    options = begin_run(settings)
    needed_for = f"run_training.py lwl {settings.script_name}"
    settings.description = f"LWL, {', '.join(recipe.sources)}"
    paths = load_paths()
    pretrained = paths.require("pretrained_dir", needed_for=needed_for)
    with processes().main_first():
        sources = [SOURCES[name](paths, needed_for, turns) for name, turns in recipe.sources.items()]
        yt300 = _youtubevos("YT300", paths, needed_for, 1)
    sample = partial(
        FewShotSampler, first_crops=recipe.first_crops, later_crops=recipe.later_crops, num_later=recipe.num_later,
        max_gap=recipe.max_gap,
    )  # fmt: skip
    train_set = sample(sources, samples_per_epoch=recipe.samples_per_epoch, seed=options.seed)
    val_set = sample([yt300], samples_per_epoch=recipe.validation_clips, seed=recipe.validation_seed, repeat=True)
    loaders = make_loaders(train_set, val_set, recipe.batch_size, recipe.num_workers)

    net = fresh_network(recipe.model)
    file = pretrained / BACKBONE_FILE
    load_backbone_weights(net, recipe.model.backbone, file, fold=not recipe.trained_backbone)
    net.backbone.unfreeze(recipe.trained_backbone)
    start = "backbone"
    if recipe.start is not None:
        start = load_start(net, Path(settings.env.workspace_dir).expanduser(), recipe.start)
    train_network(
        settings, options, recipe, build_actor(net, recipe), loaders,
        torch.optim.Adam(parameter_groups(net, recipe.rates)),
        partial(stepped_decay, milestones=recipe.milestones, decay=recipe.decay),
        start=start,
        sequences=[[name, source.dataset.get_num_sequences()]
                   for name, source in zip(recipe.sources, sources, strict=True)],
        held_out=yt300.dataset.get_num_sequences(),
    )  # fmt: skip


def fresh_network(model: LWLConfig) -> LWLNet:
    """Make the network before training: encoder and features initialised after He et al., the decoder as in PyTorch."""
    net = LWLNet(model)
    he_initialise(net.target_features)
    return net


def build_actor(net: LWLNet, recipe: Recipe) -> LWLActor:
    """Make the actor with the recipe's losses on masks and on boxes."""
    objective = partial(lovasz_sigmoid_loss, weight=recipe.loss_weight)
    if recipe.weak is None:
        return LWLActor(net, objective, recipe.refinement_iterations, whole_batch=True)
    crf = recipe.crf_weight if recipe.weak == "mil_crf" else 0.0
    weak = partial(
        box_loss, weight=recipe.loss_weight, smoothness=recipe.smoothness_weight, crf=crf, sigmas=recipe.crf_sigmas
    )
    return WeakLWLActor(net, objective, weak, recipe.refinement_iterations)


def box_loss(
    logits: Tensor,
    boxes: Tensor,
    images: Tensor,
    *,
    weight: float,
    smoothness: float,
    crf: float,
    sigmas: tuple[float, float],
) -> Tensor:
    """The loss of frames with boxes: `mil_loss`, plus `crf_loss` unless its weight is 0."""
    loss = mil_loss(logits, boxes, smoothness)
    return weight * (loss + crf * crf_loss(logits, images, *sigmas) if crf else loss)


def load_start(net: LWLNet, workspace: Path, name: str) -> str:
    """Load the final weights of another training run.

    Args:
        net: the network, which is changed in place; its backbone must already have the weights with which that run
            started.
        workspace: the folder that holds `checkpoints/`.
        name: the train setting of the other run.

    Returns:
        A description of the weights, for the fingerprint.

    Raises:
        UserError: that run has no checkpoint, or is not finished.
    """
    folder = workspace / "checkpoints" / "ltr" / "lwl" / name
    with processes().main_first():
        found = CheckpointFolder(folder, LWLNet.__name__, keep_last=2).latest()
    command = f"run_training.py lwl {name}"
    if found is None:
        raise UserError(f"no checkpoint of lwl {name} in {folder}: run {command} first, with the same --workspace")
    path, checkpoint, complaints = found
    if processes().is_main:
        for complaint in complaints:
            print(f"warning: {complaint}")
    require_entries(checkpoint.header, ("iteration", "fingerprint"), path)
    require_entries(checkpoint.header["fingerprint"], ("iterations",), path)
    done, wanted = checkpoint.header["iteration"], checkpoint.header["fingerprint"]["iterations"]
    if done < wanted:
        raise UserError(f"checkpoint {path}: lwl {name} has done {done} of {wanted} iterations: finish {command} first")
    saved = {key.removeprefix(NET_PREFIX): value for key, value in checkpoint.tensors.items()
             if key.startswith(NET_PREFIX)}  # fmt: skip
    needed = {key for key in net.state_dict() if not key.startswith("backbone.")}
    if not needed <= saved.keys():
        raise UserError(f"checkpoint {path}: {sorted(needed - saved.keys())[0]} is missing: train lwl {name} anew")
    net.load_state_dict(saved, strict=False)
    return f"{name} {file_hash(path)}"


def _youtubevos(part: str, paths: Paths, needed_for: str, turns: int, masks: str = "true") -> Source:
    """A part of the training set of YouTube-VOS 2019 with masks "true", "boxes" (filled) or "pseudo"."""
    root = paths.require("youtubevos_dir", needed_for=needed_for)
    require_dataset("yt2019_train")
    names = part_of(root / "2019" / "train" / "JPEGImages", part)
    if masks == "pseudo":
        made = paths.require("youtubevos_masks_dir", needed_for=needed_for)
        rejected = rejected_in(made.parents[1])  # run_annotate.py writes into OUT/ytvos/Annotations
        names = [name for name in names if name not in rejected]
    dataset = YouTubeVOS(root=str(root), version="2019", split="train", multiobj=False, sequences=names)
    if masks == "boxes":
        return Source(BoxesOnly(dataset), turns, weak=True)
    if masks == "pseudo":
        return Source(PseudoMasks(dataset, made), turns)
    return Source(dataset, turns)


def _davis(paths: Paths, needed_for: str, turns: int) -> Source:
    root = paths.require("davis_dir", needed_for=needed_for)
    require_dataset("dv2017_train")
    return Source(Davis(root=str(root), version="2017", split="train", multiobj=False), turns)


def made_masks(paths: Paths, needed_for: str, turns: int, name: str = "got10k") -> Source:
    """GOT-10k or LaSOT with pseudo masks.

    If the masks lie in an output folder of run_annotate.py, sequences that a reviewer rejected are left out.

    Args:
        paths: the paths of the settings.
        needed_for: the command, for messages.
        turns: see `Source`.
        name: "got10k" or "lasot".

    Raises:
        UserError: a path is not set, or the data set is not complete.
    """
    paths.require(f"{name}_dir", needed_for=needed_for)  # the readers get this path from the host's settings
    masks = paths.require(f"{name}_masks_dir", needed_for=needed_for)
    require_dataset(f"{name}_train")
    # Upstream's split "train" of GOT-10k leaves out a part of the training set; the paper uses all of it.
    reader, split = {"got10k": (Got10kVOS, None), "lasot": (LasotVOS, "train")}[name]
    dataset = reader(anno_path=str(masks), split=split)
    return Source(TrustedMasks(dataset, masks.parent) if (masks.parent / "trust").is_dir() else dataset, turns)


SOURCES: dict[str, Callable[[Paths, str, int], Source]] = {
    "YouTube-VOS": partial(_youtubevos, "train"),
    "YouTube-VOS A": partial(_youtubevos, "A"),
    "YouTube-VOS B, boxes": partial(_youtubevos, "B", masks="boxes"),
    "YouTube-VOS B, pseudo masks": partial(_youtubevos, "B", masks="pseudo"),
    "DAVIS": _davis,
    "GOT-10k, pseudo masks": made_masks,
    "LaSOT, pseudo masks": partial(made_masks, name="lasot"),
}
"""The data sets that recipes can name."""
