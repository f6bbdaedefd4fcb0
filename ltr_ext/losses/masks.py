"""Segmentation losses, l in eq. 4 of the paper.

Shapes: N frames, H x W pixels. Mask values are 0 background, 1 object and 255 undecided; undecided pixels are ignored.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255
"""The mask value of undecided pixels. It equals `ltr_ext.data.mask_io.IGNORE_LABEL`, which this package must not
import."""


def lovasz_loss(logits: Tensor, masks: Tensor, weight: float = 1.0) -> Tensor:
    """The Lovasz hinge (Berman et al., CVPR 2018), a convex surrogate of 1 - Jaccard per frame, averaged over frames.

    The hinge error of a pixel is 1 - logit for the object and 1 + logit for the background. Pixels with an error of 0
    or less contribute nothing and come after all others in the sorted order, so only positive errors are sorted.

    Args:
        logits: [N, H, W] float; a logit above 0 means object.
        masks: [N, H, W] integer; 0, 1 or 255.
        weight: factor of the result.

    Returns:
        A scalar.
    """
    frames = [_lovasz_frame(frame.flatten(), mask.flatten()) for frame, mask in zip(logits, masks, strict=True)]
    return weight * torch.stack(frames).mean()


def bce_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """The binary cross-entropy, averaged over the decided pixels of each frame and then over frames.

    The arguments and the result are those of `lovasz_loss`.
    """
    known = (masks != IGNORE).to(logits.dtype)
    per_pixel = F.binary_cross_entropy_with_logits(logits, (masks == 1).to(logits.dtype), reduction="none")
    return ((per_pixel * known).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)).mean()


def lovasz_bce_loss(logits: Tensor, masks: Tensor, bce_weight: float = 1.0) -> Tensor:
    """The Lovasz hinge plus the weighted cross-entropy, which gives every pixel a gradient from the first step on."""
    return lovasz_loss(logits, masks) + bce_weight * bce_loss(logits, masks)


def lovasz_sigmoid_loss(logits: Tensor, masks: Tensor, weight: float = 1.0) -> Tensor:
    """Lovasz-Softmax (Berman et al., CVPR 2018) of the object, over the pixels of all frames together, as in LWL.

    The error of a pixel is |mask - probability|. The pixels of all frames are sorted together, so large objects weigh
    more than in `lovasz_loss`, and the value is not a mean over frames. It is bounded whatever the logits are.

    Args:
        logits: [N, H, W] float; a logit above 0 means object.
        masks: [N, H, W] integer; 0, 1 or 255.
        weight: factor of the result.

    Returns:
        A scalar in 0..weight; 0 without a decided pixel.
    """
    known = masks != IGNORE
    objects = (masks == 1)[known]
    probabilities = logits[known].sigmoid()
    errors = torch.where(objects, 1 - probabilities, probabilities)
    return weight * _lovasz_extension(errors, objects, objects.sum())


def _lovasz_frame(logits: Tensor, mask: Tensor) -> Tensor:
    """The Lovasz hinge of one frame, from the logits [P] and the mask [P] of its pixels."""
    objects = mask == 1
    errors = 1 - torch.where(objects, logits, -logits)
    active = ((errors > 0) & (mask != IGNORE)).nonzero()[:, 0]
    return _lovasz_extension(errors[active], objects[active], objects.sum())


def _lovasz_extension(errors: Tensor, objects: Tensor, num_objects: Tensor) -> Tensor:
    """The Lovasz extension of 1 - Jaccard at the errors [P] of pixels; pixels without an error may be left out.

    `objects` [P] bool says which of them belong to the object, `num_objects` how many such pixels the frame has.
    """
    errors, order = errors.sort(descending=True)
    hit = objects[order].to(errors.dtype)
    # The Jaccard loss if the k worst pixels are wrong, k = 1, 2, ...; its increments are the slopes of the surrogate.
    jaccard_loss = 1 - (num_objects - hit.cumsum(0)) / (num_objects + (1 - hit).cumsum(0))
    slopes = jaccard_loss.diff(prepend=jaccard_loss.new_zeros(1))
    return errors @ slopes
