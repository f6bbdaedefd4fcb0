"""What the train settings share: what every recipe says, loaders, schedules, and the start of the trainer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import torch
from ltr.data import LTRLoader
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from ltr_ext.actors.common import Objective
from ltr_ext.data.sampler import ClipSampler, SyntheticSampler
from ltr_ext.data.synthetic.clips import SyntheticConfig
from ltr_ext.device import best_device, has_fast_bfloat16
from ltr_ext.errors import UserError
from ltr_ext.losses import lovasz_bce_loss
from ltr_ext.train_settings.synthetic_data import SOURCE_WEIGHTS, announce, find_photographs
from ltr_ext.trainers.batches import ResumableBatchSampler
from ltr_ext.trainers.options import RunOptions
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig

BACKBONE_FILE = "e2e_mask_rcnn_R_50_FPN_1x_converted.pkl"
"""In `pretrained_dir`: ResNet-50 of Mask R-CNN, the file that upstream's LWL settings use."""

POSITIVE = {"iterations", "iterations_per_epoch", "batch_size", "validation_clips", "num_frames", "checkpoint_every"}
"""Fields of recipes that count something there must be."""


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """What every recipe says; each kind of setting adds fields of its own.

    Every number that a train setting uses is a field here, of a config inside, or of the kind's own recipe, and nowhere
    else: a checkpoint is resumed only by an equal recipe. Fields with `compare=False` are free to change, for they
    change no weight.
    """

    iterations: int
    """Length of the run in training iterations."""
    iterations_per_epoch: int
    """Between two looks at the held-out clips."""
    batch_size: int
    """Samples in an iteration, of all processes together."""
    validation_clips: int
    """Held-out samples in each look."""
    validation_seed: int = 12345
    """Of the held-out samples, the same in every epoch and run."""
    clip_norm: float | None = None
    """Longest gradient; None: as long as it is."""
    num_workers: int = field(default=8, compare=False)
    """Processes that make samples."""
    checkpoint_every: int = field(default=500, compare=False)
    """Iterations between two checkpoints."""

    def __post_init__(self) -> None:
        """Refuse what no training can be made of.

        Raises:
            UserError: names the field and its value.
        """
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            least = 1 if entry.name in POSITIVE else 0
            if not math.isfinite(value) or value < least:
                raise UserError(f"recipe: {entry.name} = {value}: must be {least} or more; correct the train setting")

    @property
    def epochs(self) -> int:
        """Length of the run in epochs."""
        return -(-self.iterations // self.iterations_per_epoch)

    @property
    def samples_per_epoch(self) -> int:
        """Length of a training epoch in samples."""
        return self.iterations_per_epoch * self.batch_size


@dataclass(frozen=True, kw_only=True)
class SyntheticRecipe(BaseRecipe):
    """Of a small network trained on synthetic video."""

    num_frames: int
    """Frames in a sample."""
    clips: SyntheticConfig
    """What synthetic video looks like."""
    source_weights: Mapping[str, float] = field(default_factory=lambda: dict(SOURCE_WEIGHTS))
    """Folder of photographs -> how often one of it is drawn, others being 1."""
    warm_up: int
    """Iterations in which the learning rate rises from nothing; a cosine follows, down to the end of the run."""
    last_rate: float = 0.01
    """Of the learning rate, the share that is left at the end."""
    cross_entropy: float = 1.0
    """Weight of the cross-entropy beside the Lovasz loss."""
    autocast: bool = True
    """Run the network in bfloat16, on devices that multiply it natively."""

    @property
    def autocasts(self) -> bool:
        """Whether the network runs in bfloat16 on this machine."""
        return self.autocast and has_fast_bfloat16(torch.device(best_device()))

    @property
    def objective(self) -> Objective:
        """Loss of logits against masks."""
        return partial(lovasz_bce_loss, bce_weight=self.cross_entropy)

    @property
    def rate_factor(self) -> Callable[[int], float]:
        """Training iterations done -> factor of the learning rate."""
        return partial(warm_up_and_cosine, warm_up=self.warm_up, total=self.iterations, floor=self.last_rate)


def fingerprint_of(recipe: BaseRecipe) -> dict[str, Any]:
    """What a resumed run must agree with: all fields of a recipe that can change a weight, configs as dicts."""
    compared = {field.name for field in fields(recipe) if field.compare}
    return {name: value for name, value in asdict(recipe).items() if name in compared}


def train_network(
    settings: Any,
    options: RunOptions,
    recipe: BaseRecipe,
    actor: Any,
    loaders: list[LTRLoader],
    optimizer: torch.optim.Optimizer,
    rate_factor: Callable[[int], float],
    **data: Any,
) -> None:
    """Hand everything to the trainer and train to the end of the recipe.

    Args:
        settings: the host's.
        options: of this run.
        recipe: goes into the fingerprint.
        actor: of the network.
        loaders: for training and validation.
        optimizer: over what is trained.
        rate_factor: training iterations done -> factor of the learning rates.
        data: what else a resumed run must agree with, which the recipe cannot know: how much data there is, which
            weights training starts from. JSON values.

    Raises:
        UserError: see `Box2MaskTrainer`.
    """
    if recipe.clip_norm is not None:
        settings.grad_clip_max_norm = recipe.clip_norm
    config = TrainerConfig(
        fingerprint={**fingerprint_of(recipe), "data": data, "seed": options.seed},
        best_stat="val/J", checkpoint_every=recipe.checkpoint_every, fresh=options.fresh,
        max_iterations=options.max_iterations,
    )  # fmt: skip
    schedule = LambdaLR(optimizer, rate_factor)
    Box2MaskTrainer(actor, loaders, optimizer, settings, schedule, config).train(max_epochs=recipe.epochs)


def parameter_groups(
    net: nn.Module, rates: Mapping[str, float] | float, other: float | None = None
) -> list[dict[str, Any]]:
    """Adam's groups, one per part of the network that has something to learn.

    Args:
        net: the network.
        rates: learning rate of each part by its name, or of all.
        other: learning rate of the parts that `rates` does not name; None: it names all that learn.
    """
    groups = []
    for name, part in net.named_children():
        parameters = [parameter for parameter in part.parameters() if parameter.requires_grad]
        if parameters:
            rate = rates if not isinstance(rates, Mapping) else rates[name] if other is None else rates.get(name, other)
            groups.append({"params": parameters, "lr": rate})
    return groups


def make_loaders(train_set: ClipSampler, val_set: ClipSampler, batch_size: int, num_workers: int) -> list[LTRLoader]:
    """Loaders "train" and "val" that the trainer can resume in the middle."""
    return [
        LTRLoader(
            name,
            sampler,
            training=training,
            num_workers=num_workers,
            stack_dim=1,
            batch_sampler=ResumableBatchSampler(len(sampler), batch_size, drop_last=training),
        )
        for name, sampler, training in (("train", train_set, True), ("val", val_set, False))
    ]


def warm_up_and_cosine(iteration: int, *, warm_up: int, total: int, floor: float = 0.01) -> float:
    """Factor of the learning rate: linear warm-up to 1, then a cosine down to the floor."""
    if iteration < warm_up:
        return (iteration + 1) / warm_up
    progress = min((iteration - warm_up) / max(total - warm_up, 1), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def stepped_decay(iteration: int, *, milestones: tuple[int, ...], decay: float) -> float:
    """Factor of the learning rate: `decay` once more for each milestone passed."""
    return decay ** sum(iteration >= milestone for milestone in milestones)


def warm_up_and_stages(
    iteration: int, *, warm_up: int, stages: tuple[int, ...], decay_share: float, fade: float, floor: float = 0.01
) -> float:
    """Factor of the learning rate for a long run that is of use at the end of every stage.

    Linear warm-up to 1; each stage is constant, but for a cosine down to the floor at its end, and each is `fade` times
    as high as the one before.

    Args:
        iteration: training iterations done.
        warm_up: iterations of the warm-up, within the first stage.
        stages: iterations done at the end of each stage, ascending.
        decay_share: of a stage, the part in which the rate falls.
        fade: height of a stage, relative to the one before.
        floor: of a stage's rate, the share that is left at its end.
    """
    number = min(sum(iteration >= end for end in stages), len(stages) - 1)
    first, last = (0, *stages)[number], stages[number]
    decay = decay_share * (last - first)
    progress = min(max(iteration - (last - decay), 0) / decay, 1.0)
    rise = min((iteration + 1) / warm_up, 1.0)
    return rise * fade**number * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def synthetic_sets(recipe: Any, seed: int) -> tuple[SyntheticSampler, SyntheticSampler, dict[str, Any]]:
    """Samples of synthetic video to train on and to validate with; says which photographs they are made of.

    Args:
        recipe: with `clips`, `source_weights`, `crops`, `validation_crops`, and how many frames and samples there are.
        seed: of the training samples; those of the validation have their own in the recipe.

    Returns:
        Samples to train on, samples to validate with, facts about the photographs for the checkpoint.
    """
    photographs = find_photographs(recipe.source_weights)
    announce(photographs)
    train_set = SyntheticSampler(
        photographs.train, photographs.backgrounds, recipe.clips, recipe.crops,
        num_frames=recipe.num_frames, samples_per_epoch=recipe.samples_per_epoch, seed=seed,
    )  # fmt: skip
    val_set = SyntheticSampler(
        photographs.held_out, photographs.backgrounds, recipe.clips, recipe.validation_crops,
        num_frames=recipe.num_frames, samples_per_epoch=recipe.validation_clips, seed=recipe.validation_seed,
        repeat=True,
    )  # fmt: skip
    return train_set, val_set, photographs.facts()
