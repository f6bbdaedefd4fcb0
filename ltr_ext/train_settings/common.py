"""What the train settings share: the base of recipes, loaders, learning rate schedules, the start of the trainer."""

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
"""The file in `pretrained_dir` with the ResNet-50 of Mask R-CNN; upstream's LWL settings use the same file."""

POSITIVE = {"iterations", "iterations_per_epoch", "batch_size", "validation_clips", "num_frames", "checkpoint_every"}
"""Fields of recipes that must be at least 1."""


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """The fields of every recipe; each kind of setting adds its own.

    Every number that a train setting uses is a field of its recipe, or of a config inside it, since a checkpoint is
    resumed only by an equal recipe. Fields with `compare=False` may change, since they have no influence on weights.
    """

    iterations: int
    """Length of the run in training iterations."""
    iterations_per_epoch: int
    """Training iterations between two validations."""
    batch_size: int
    """Samples in an iteration, of all processes together."""
    validation_clips: int
    """Held-out samples in each validation."""
    validation_seed: int = 12345
    """Seed of the held-out samples, which are the same in every epoch and run."""
    clip_norm: float | None = None
    """Largest norm of the gradient, to which longer ones are clipped; None means no limit."""
    num_workers: int = field(default=8, compare=False)
    """Number of worker processes that make samples."""
    checkpoint_every: int = field(default=500, compare=False)
    """Training iterations between two checkpoints."""

    def __post_init__(self) -> None:
        """Refuse meaningless numbers.

        Raises:
            UserError: a number is too small; the message names the field and its value.
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
        """Number of samples in a training epoch."""
        return self.iterations_per_epoch * self.batch_size


@dataclass(frozen=True, kw_only=True)
class SyntheticRecipe(BaseRecipe):
    """The recipe of a small network that is trained on synthetic video."""

    num_frames: int
    """Number of frames in a sample."""
    clips: SyntheticConfig
    """What synthetic video looks like."""
    source_weights: Mapping[str, float] = field(default_factory=lambda: dict(SOURCE_WEIGHTS))
    """Relative weights of the photographs in a folder; those of other folders have 1."""
    warm_up: int
    """Iterations in which the learning rate rises linearly from 0; a cosine follows until the end of the run."""
    last_rate: float = 0.01
    """Learning rate at the end, as a share of the full one."""
    cross_entropy: float = 1.0
    """Weight of the cross-entropy that is added to the Lovasz loss."""
    autocast: bool = True
    """Whether the network runs in bfloat16 on devices that multiply it natively."""

    @property
    def autocasts(self) -> bool:
        """Whether the network runs in bfloat16 on this machine."""
        return self.autocast and has_fast_bfloat16(torch.device(best_device()))

    @property
    def objective(self) -> Objective:
        """The loss of logits against masks."""
        return partial(lovasz_bce_loss, bce_weight=self.cross_entropy)

    @property
    def rate_factor(self) -> Callable[[int], float]:
        """The factor of the learning rate after a number of training iterations."""
        return partial(warm_up_and_cosine, warm_up=self.warm_up, total=self.iterations, floor=self.last_rate)


def fingerprint_of(recipe: BaseRecipe) -> dict[str, Any]:
    """The fields that must be equal in a resumed run, which are all that can influence weights; configs as dicts."""
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
    """Make the trainer, and train to the end of the recipe.

    Args:
        settings: the host's settings.
        options: the options of this run.
        recipe: the recipe, which becomes part of the fingerprint.
        actor: the actor of the network.
        loaders: the loaders for training and validation.
        optimizer: the optimizer of the trained parameters.
        rate_factor: training iterations done -> factor of the learning rates.
        data: other JSON values that must be equal in a resumed run but are not part of the recipe: the amount of data,
            the initial weights.

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
    """Adam's groups, one per part of the network that has trainable parameters.

    Args:
        net: the network.
        rates: learning rates by name of the part, or one for all.
        other: learning rate of the parts that `rates` does not name; None if it names all trainable parts.
    """
    groups = []
    for name, part in net.named_children():
        parameters = [parameter for parameter in part.parameters() if parameter.requires_grad]
        if parameters:
            rate = rates if not isinstance(rates, Mapping) else rates[name] if other is None else rates.get(name, other)
            groups.append({"params": parameters, "lr": rate})
    return groups


def make_loaders(train_set: ClipSampler, val_set: ClipSampler, batch_size: int, num_workers: int) -> list[LTRLoader]:
    """Make the loaders "train" and "val", which the trainer can resume in the middle of an epoch."""
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
    """The factor of the learning rate: a linear warm-up to 1, then a cosine down to the floor."""
    if iteration < warm_up:
        return (iteration + 1) / warm_up
    progress = min((iteration - warm_up) / max(total - warm_up, 1), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def stepped_decay(iteration: int, *, milestones: tuple[int, ...], decay: float) -> float:
    """The factor of the learning rate: `decay` to the power of the number of milestones passed."""
    return decay ** sum(iteration >= milestone for milestone in milestones)


def warm_up_and_stages(
    iteration: int, *, warm_up: int, stages: tuple[int, ...], decay_share: float, fade: float, floor: float = 0.01
) -> float:
    """The factor of the learning rate for a long run whose weights can be used at the end of every stage.

    After a linear warm-up to 1, the factor of a stage is constant except for a cosine down to the floor at its end.
    Each stage has `fade` times the factor of the previous one.

    Args:
        iteration: training iterations done.
        warm_up: iterations of the warm-up, which is part of the first stage.
        stages: training iterations at the end of each stage, ascending.
        decay_share: share of a stage, at its end, in which the factor falls.
        fade: factor of a stage, relative to the previous one.
        floor: share of a stage's factor that is left at its end.
    """
    number = min(sum(iteration >= end for end in stages), len(stages) - 1)
    first, last = (0, *stages)[number], stages[number]
    decay = decay_share * (last - first)
    progress = min(max(iteration - (last - decay), 0) / decay, 1.0)
    rise = min((iteration + 1) / warm_up, 1.0)
    return rise * fade**number * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))


def synthetic_sets(recipe: Any, seed: int) -> tuple[SyntheticSampler, SyntheticSampler, dict[str, Any]]:
    """Make the samples of synthetic video for training and validation, and announce their photographs.

    Args:
        recipe: a recipe with `clips`, `source_weights`, `crops`, `validation_crops` and `num_frames`.
        seed: seed of the training samples; the recipe has that of the validation samples.

    Returns:
        The training samples, the validation samples, and facts about the photographs for the checkpoint.
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
