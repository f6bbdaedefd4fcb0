"""What the ResNet-50 recipes of LWL have in common; the settings in `lwl/` are a few lines each.

Figures are those of Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, as in the settings
lwl_stage1 and lwl_stage2 of visionml/pytracking: 1 frame with its mask and 3 to segment, at most 100 frames later;
search regions 5 times the box, 832 x 480, whose centre and scale jitter by 3 and 0.25, for the later frames by
(5.5, 4.5) and 0.5; grey 5 %, flips, rotation 15 degrees, zoom exp 0.2, brightness 20 %; batch 20; 100 times
Lovasz-Softmax over the whole batch; 2 steps of the few-shot learner after each frame; Adam; all batch statistics fixed.
The learning rate falls to a fifth at the milestones.

Held out is our YT300 (`ltr_ext/data/heldout.py`), in the place of upstream's jjvalid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from ltr.dataset import Davis, Got10kVOS, LasotVOS, YouTubeVOS
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

import settings as paths_settings
from ltr_ext.actors.lwl import LWLActor
from ltr_ext.actors.weak_lwl import WeakLWLActor
from ltr_ext.data.decisions import rejected_in
from ltr_ext.data.fewshot import FewShotSampler, Source
from ltr_ext.data.heldout import part_of
from ltr_ext.data.presence import require_dataset
from ltr_ext.data.search_crops import SearchConfig
from ltr_ext.data.trusted_masks import TrustedMasks
from ltr_ext.dataset import BoxesOnly, PseudoMasks
from ltr_ext.distributed import team
from ltr_ext.errors import UserError
from ltr_ext.losses import crf_loss, lovasz_sigmoid_loss, mil_loss
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.train_settings.common import BACKBONE_FILE, make_loaders
from ltr_ext.trainers.checkpoint import CheckpointFolder
from ltr_ext.trainers.options import begin_run
from ltr_ext.trainers.state import NET_PREFIX
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig
from ltr_ext.weights import file_hash, load_backbone_weights

MODEL = LWLConfig(block_bias=False)  # as published, so that it can be exported for pytracking
FIRST_CROPS = SearchConfig(crop_hw=MODEL.crop_hw, centre_jitter=(3.0, 3.0), scale_jitter=0.25)
LATER_CROPS = SearchConfig(crop_hw=MODEL.crop_hw, centre_jitter=(5.5, 4.5), scale_jitter=0.5)
NUM_LATER = 3
MAX_GAP = 100
BATCH_SIZE = 20
ITERATIONS_PER_EPOCH = 1000
REFINEMENT_ITERATIONS = 2
LOSS_WEIGHT = 100.0
VALIDATION_CLIPS = 400
NUM_WORKERS = 8
CRF_WEIGHT = 0.1
"""Of the CRF loss beside the box loss. Ours, not tuned: the paper names none, and our loss is scaled otherwise."""

STAGE1_RATES = {"aggregation": 1e-4, "decoder": 1e-4, "target_features": 2e-5, "label_encoder": 2e-4}
STAGE2_RATE = 2e-5
"""Of every part."""
WHOLE_BACKBONE = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Where recipes differ."""

    sources: Mapping[str, int]
    """Key of `SOURCES` -> samples in its turn."""
    iterations: int = 70_000
    milestones: tuple[int, ...] = (40_000,)
    """Iterations after which the learning rate falls to a fifth."""
    rates: Mapping[str, float] | float = STAGE2_RATE
    """Of Adam: by part of the network, or of all."""
    trained_backbone: tuple[str, ...] = ()
    """Parts of the backbone that are trained, too."""
    start: str | None = None
    """Train setting of LWL whose last checkpoint training starts from."""
    weak: Literal["mil", "mil_crf"] | None = None
    """Loss on the sources with boxes."""


def train(settings: Any, recipe: Recipe) -> None:
    """Train by a recipe.

    Args:
        settings: the host's.
        recipe: which.

    Raises:
        UserError: a path is not set, a data set or the training it starts from is missing.
    """
    options = begin_run(settings)
    needed_for = f"run_training.py lwl {settings.script_name}"
    settings.description = f"LWL, {', '.join(recipe.sources)}"
    paths = paths_settings.load()
    pretrained = paths.require("pretrained_dir", needed_for=needed_for)
    with team().leader_first():
        sources = [SOURCES[name](paths, needed_for, turns) for name, turns in recipe.sources.items()]
        yt300 = _youtubevos("YT300", paths, needed_for, 1)
    sample = partial(
        FewShotSampler, first_crops=FIRST_CROPS, later_crops=LATER_CROPS, num_later=NUM_LATER, max_gap=MAX_GAP
    )
    train_set = sample(sources, samples_per_epoch=ITERATIONS_PER_EPOCH * BATCH_SIZE, seed=options.seed)
    val_set = sample([yt300], samples_per_epoch=VALIDATION_CLIPS, seed=12345, repeat=True)
    loaders = make_loaders(train_set, val_set, BATCH_SIZE, NUM_WORKERS)

    net = LWLNet(MODEL)
    load_backbone_weights(net, MODEL.backbone, pretrained / BACKBONE_FILE, fold=not recipe.trained_backbone)
    net.backbone.unfreeze(recipe.trained_backbone)
    start = "backbone"
    if recipe.start is not None:
        start = load_start(net, Path(settings.env.workspace_dir).expanduser(), recipe.start)
    groups = parameter_groups(net, recipe.rates)
    optimizer = torch.optim.Adam(groups)
    schedule = LambdaLR(optimizer, partial(learning_rate_factor, milestones=recipe.milestones))
    config = TrainerConfig(
        fingerprint={
            "model": asdict(MODEL), "start": start, "trained_backbone": recipe.trained_backbone,
            "sources": {name: [turns, source.dataset.get_num_sequences()]
                        for (name, turns), source in zip(recipe.sources.items(), sources, strict=True)},
            "weak": recipe.weak, "crops": [asdict(FIRST_CROPS), asdict(LATER_CROPS)], "max_gap": MAX_GAP,
            "num_later": NUM_LATER, "batch_size": BATCH_SIZE, "rates": [group["lr"] for group in groups],
            "milestones": recipe.milestones, "iterations": recipe.iterations, "seed": options.seed,
        },
        best_stat="val/J", fresh=options.fresh, max_iterations=options.max_iterations,
    )  # fmt: skip
    trainer = Box2MaskTrainer(build_actor(net, recipe.weak), loaders, optimizer, settings, schedule, config)
    trainer.train(max_epochs=-(-recipe.iterations // ITERATIONS_PER_EPOCH))


def build_actor(net: LWLNet, weak: str | None) -> LWLActor:
    """The actor of a recipe: its loss on masks, and on boxes."""
    if weak is None:
        return LWLActor(net, mask_loss, REFINEMENT_ITERATIONS, whole_batch=True)
    return WeakLWLActor(net, mask_loss, {"mil": box_loss, "mil_crf": box_crf_loss}[weak], REFINEMENT_ITERATIONS)


def mask_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Of frames with masks; see `lovasz_sigmoid_loss`."""
    return LOSS_WEIGHT * lovasz_sigmoid_loss(logits, masks)


def box_loss(logits: Tensor, boxes: Tensor, images: Tensor) -> Tensor:
    """Of frames with boxes; see `mil_loss`."""
    return LOSS_WEIGHT * mil_loss(logits, boxes)


def box_crf_loss(logits: Tensor, boxes: Tensor, images: Tensor) -> Tensor:
    """Of frames with boxes; see `mil_loss` and `crf_loss`."""
    return LOSS_WEIGHT * (mil_loss(logits, boxes) + CRF_WEIGHT * crf_loss(logits, images))


def parameter_groups(net: LWLNet, rates: Mapping[str, float] | float) -> list[dict[str, Any]]:
    """Adam's groups, one per part of the network that has something to learn."""
    groups = []
    for name, part in net.named_children():
        parameters = [parameter for parameter in part.parameters() if parameter.requires_grad]
        if parameters:
            groups.append({"params": parameters, "lr": rates[name] if isinstance(rates, Mapping) else rates})
    return groups


def learning_rate_factor(iteration: int, *, milestones: tuple[int, ...]) -> float:
    """A fifth for each milestone passed."""
    return 0.2 ** sum(iteration >= milestone for milestone in milestones)


def load_start(net: LWLNet, workspace: Path, name: str) -> str:
    """Give a network the weights at the end of another training.

    Args:
        net: changed in place; its backbone must already hold the weights that training started from.
        workspace: where checkpoints lie.
        name: of the other training's setting.

    Returns:
        Which weights these are, for the fingerprint.

    Raises:
        UserError: that training has no checkpoint, or is not finished.
    """
    folder = workspace / "checkpoints" / "ltr" / "lwl" / name
    with team().leader_first():
        found = CheckpointFolder(folder, LWLNet.__name__, keep_last=2).latest()
    command = f"run_training.py lwl {name}"
    if found is None:
        raise UserError(f"no checkpoint of lwl {name} in {folder}: run {command} first, with the same --workspace")
    path, checkpoint, _ = found
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


def _youtubevos(part: str, paths: paths_settings.Paths, needed_for: str, turns: int, masks: str = "true") -> Source:
    """A part of YouTube-VOS 2019 train; masks "true", "boxes" or "pseudo"."""
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


def _davis(paths: paths_settings.Paths, needed_for: str, turns: int) -> Source:
    root = paths.require("davis_dir", needed_for=needed_for)
    require_dataset("dv2017_train")
    return Source(Davis(root=str(root), version="2017", split="train", multiobj=False), turns)


def made_masks(paths: paths_settings.Paths, needed_for: str, turns: int, name: str = "got10k") -> Source:
    """GOT-10k or LaSOT with the masks that were made of its boxes.

    Sequences that a reviewer rejected are left out where the masks lie in an output folder of run_annotate.py.

    Args:
        paths: where things are.
        needed_for: the command, for messages.
        turns: see `Source`.
        name: "got10k" or "lasot".
    """
    paths.require(f"{name}_dir", needed_for=needed_for)  # the readers take it from the host's environment
    masks = paths.require(f"{name}_masks_dir", needed_for=needed_for)
    require_dataset(f"{name}_train")
    # upstream's split "train" of GOT-10k holds a part of its training set back; the paper takes all of it
    reader, split = {"got10k": (Got10kVOS, None), "lasot": (LasotVOS, "train")}[name]
    dataset = reader(anno_path=str(masks), split=split)
    return Source(TrustedMasks(dataset, masks.parent) if (masks.parent / "trust").is_dir() else dataset, turns)


SOURCES: dict[str, Callable[[paths_settings.Paths, str, int], Source]] = {
    "YouTube-VOS": partial(_youtubevos, "train"),
    "YouTube-VOS A": partial(_youtubevos, "A"),
    "YouTube-VOS B, boxes": partial(_youtubevos, "B", masks="boxes"),
    "YouTube-VOS B, pseudo masks": partial(_youtubevos, "B", masks="pseudo"),
    "DAVIS": _davis,
    "GOT-10k, pseudo masks": made_masks,
    "LaSOT, pseudo masks": partial(made_masks, name="lasot"),
}
"""What recipes may name."""
