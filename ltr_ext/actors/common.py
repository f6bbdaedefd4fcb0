"""What the actors share.

Shapes: T frames, B sequences, H x W crop pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ltr_ext.distributed import gather_batch
from ltr_ext.losses.masks import IGNORE

Objective = Callable[[Tensor, Tensor], Tensor]
"""(logits [N, H, W] float32, masks [N, H, W] uint8 with 0, 1 and `IGNORE`) -> scalar, averaged over N."""


def frame_loss(objective: Objective, logits: Tensor, masks: Tensor, whole_batch: bool = False) -> Tensor:
    """Compute the objective, averaged over all frames of all sequences.

    Args:
        objective: see `Objective`.
        logits: [T, B, H, W] of any float type; a logit above 0 means object.
        masks: [T, B, H, W] uint8; 0 background, 1 object, 255 undecided.
        whole_batch: whether, in training, the objective is computed on the frames of all processes together. An
            objective that is not a mean over frames needs this.
    """
    if whole_batch and torch.is_grad_enabled():
        logits, masks = gather_batch(logits.float(), 1), gather_batch(masks, 1)
    return objective(logits.flatten(0, 1).float(), masks.flatten(0, 1))


@torch.no_grad()
def mean_jaccard(logits: Tensor, masks: Tensor) -> float:
    """The Jaccard index |prediction and mask| / |prediction or mask|, averaged over frames; ignores undecided pixels.

    Args:
        logits: [T, B, H, W]; a logit above 0 means object.
        masks: [T, B, H, W] uint8; 0 background, 1 object, 255 undecided.

    Returns:
        A number from 0 to 1. A frame whose prediction and mask are both empty counts as 1.
    """
    known, objects = masks != IGNORE, masks == 1
    predicted = (logits > 0) & known
    intersection = (predicted & objects).sum(dim=(-2, -1)).double()
    union = (predicted | objects).sum(dim=(-2, -1)).double()
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0).mean().item()


def set_training(net: nn.Module, mode: bool, fixed_statistics: bool = False) -> None:
    """Do what `net.train(mode)` does, but let modules without a trainable parameter keep their batch statistics.

    Args:
        net: the network; it is changed in place.
        mode: True for training mode, False for evaluation mode.
        fixed_statistics: whether all batch normalisations keep their statistics; their scales and offsets are trained
            nevertheless.
    """
    net.train(mode)
    for module in net.modules():
        parameters = list(module.parameters())
        frozen = bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
        if frozen or (fixed_statistics and isinstance(module, nn.BatchNorm2d)):
            module.eval()


def with_absences(images: Tensor, masks: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Replace some frames by frames of another sequence of the batch, which do not show the object.

    Args:
        images: [T, B, 3, H, W].
        masks: [T, B, H, W]; those of replaced frames become empty.
        share: probability with which a frame is replaced; with only one sequence no frame is.
    """
    if images.shape[1] == 1:
        return images, masks
    absent = (torch.rand(images.shape[:2]) < share).to(images.device)
    images = torch.where(absent[:, :, None, None, None], images.roll(1, dims=1), images)
    return images, masks.masked_fill(absent[:, :, None, None], 0)
