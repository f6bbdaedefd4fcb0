"""Multiple-instance loss from the tightness of boxes (Hsu et al., NeurIPS 2019).

A tight box is touched by its object on all four sides, so every line across the box, from side to side, holds object:
a positive bag. Every line outside it holds none: a negative bag. The object probability of a bag is the largest of its
pixels.

Shapes: N frames, H W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

PAIRWISE_WEIGHT = 0.05
"""Of the smoothness term, in the code that Hsu et al. published."""

TOLERANCE = 0.5
"""Pixels by which a box may reach over the crop and still count as wholly inside."""


def mil_loss(logits: Tensor, boxes: Tensor, pairwise_weight: float = PAIRWISE_WEIGHT) -> Tensor:
    """Unary term over bags plus weighted smoothness, per frame, averaged over frames.

    Args:
        logits: [N, H, W] float; above 0 is object.
        boxes: [N, 4] (x, y, w, h), crop pixels, tight; may reach over the crop; without area: no object in the crop.
        pairwise_weight: of the smoothness term.

    Returns:
        Scalar.
    """
    return bag_loss(logits, boxes) + pairwise_weight * smoothness(logits)


def bag_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """Cross-entropy of bags, averaged over the bags of each frame, then over frames.

    Positive bags are the rows and columns of pixels inside the box. Rows are left out where the box reaches over the
    crop to the left or right, columns where it does at the top or bottom: there the object may be outside the crop.
    Negative bags are the pixels outside the box, row by row and column by column. A pixel is inside if its centre is.

    Args:
        logits: [N, H, W] float.
        boxes: [N, 4] as `mil_loss`.

    Returns:
        Scalar.
    """
    height, width = logits.shape[-2:]
    x, y, w, h = boxes.to(logits.dtype).unbind(-1)
    columns, columns_whole = _covered(x, w, width)
    rows, rows_whole = _covered(y, h, height)
    inside = rows[:, :, None] & columns[:, None, :]
    total, count = logits.new_zeros(logits.shape[0]), logits.new_zeros(logits.shape[0])
    for dim, whole in ((2, columns_whole), (1, rows_whole)):  # 2: a bag is a row, 1: a column
        positive = inside.any(dim) & whole[:, None]
        negative = ~inside.all(dim)
        total = total + _bags(-_largest(logits, inside, dim), positive)
        total = total + _bags(_largest(logits, ~inside, dim), negative)
        count = count + positive.sum(1) + negative.sum(1)
    return (total / count.clamp(min=1)).mean()


def smoothness(logits: Tensor) -> Tensor:
    """Mean squared difference of the probabilities of neighbouring pixels (eight neighbours); logits [N, H, W]."""
    p = logits.sigmoid()
    height, width = p.shape[-2:]
    total, pairs = p.new_zeros(()), 0
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        left, start = max(right, 0), max(-right, 0)
        one = p[:, : height - down, start : width - left]
        other = p[:, down:, start + right : width - left + right]
        total = total + (one - other).square().sum()
        pairs += one.numel()
    return total / max(pairs, 1)


def _covered(start: Tensor, length: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Which pixels [N, size] of an axis a box covers with their centres, and whether it is wholly inside [N]."""
    centres = torch.arange(size, device=start.device, dtype=start.dtype) + 0.5
    end = start + length
    covered = (centres >= start[:, None]) & (centres < end[:, None])
    return covered, (start >= -TOLERANCE) & (end <= size + TOLERANCE)


def _largest(logits: Tensor, where: Tensor, dim: int) -> Tensor:
    """Largest logit of each bag; very negative where the bag is empty."""
    return logits.masked_fill(~where, -1e4).amax(dim)


def _bags(signed: Tensor, valid: Tensor) -> Tensor:
    """Cross-entropy of bags [N, L], summed over the valid ones; `signed` is the bag's logit against its label."""
    return (F.softplus(signed) * valid).sum(1)
