"""The multiple-instance loss that uses the tightness of boxes (Hsu et al., NeurIPS 2019).

The object touches all four sides of a tight box, so every line across the box, from side to side, contains a pixel of
the object; such a line is a positive bag. A line outside the box contains none; it is a negative bag. The object
probability of a bag is the largest one of its pixels.

Shapes: N frames, H x W pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

PAIRWISE_WEIGHT = 0.05
"""Weight of the smoothness term, from the code that Hsu et al. published."""

TOLERANCE = 0.5
"""How far, in pixels, a box may extend beyond the crop and still count as wholly inside."""


def mil_loss(logits: Tensor, boxes: Tensor, pairwise_weight: float = PAIRWISE_WEIGHT) -> Tensor:
    """The cross-entropy of the bags plus the weighted smoothness term, averaged over frames.

    Args:
        logits: [N, H, W] float; a logit above 0 means object.
        boxes: [N, 4] tight boxes (x, y, w, h) in crop pixels. They may extend beyond the crop; a box without area means
            that the object is not in the crop.
        pairwise_weight: weight of the smoothness term.

    Returns:
        A scalar.
    """
    return bag_loss(logits, boxes) + pairwise_weight * smoothness(logits)


def bag_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """The cross-entropy of the bags, averaged over the bags of each frame and then over frames.

    Positive bags are the rows and the columns of the pixels inside the box. If the box extends beyond the crop on the
    left or right, its rows are left out, and if it does at the top or bottom, its columns, since their object pixels
    may lie outside the crop. Negative bags are the pixels outside the box, by row and by column. A pixel is inside if
    its centre is.

    Args:
        logits: [N, H, W] float.
        boxes: [N, 4], see `mil_loss`.

    Returns:
        A scalar.
    """
    height, width = logits.shape[-2:]
    x, y, w, h = boxes.to(logits.dtype).unbind(-1)
    columns, columns_whole = _covered(x, w, width)
    rows, rows_whole = _covered(y, h, height)
    inside = rows[:, :, None] & columns[:, None, :]
    total, count = logits.new_zeros(logits.shape[0]), logits.new_zeros(logits.shape[0])
    for dim, whole in ((2, columns_whole), (1, rows_whole)):  # a bag is a row for dim 2, a column for dim 1
        positive = inside.any(dim) & whole[:, None]
        negative = ~inside.all(dim)
        total = total + _bags(-_largest(logits, inside, dim), positive)
        total = total + _bags(_largest(logits, ~inside, dim), negative)
        count = count + positive.sum(1) + negative.sum(1)
    return (total / count.clamp(min=1)).mean()


def smoothness(logits: Tensor) -> Tensor:
    """The mean squared difference of the probabilities of neighbouring pixels (8 neighbours), of logits [N, H, W]."""
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
    """For one axis: whether a box covers each pixel's centre [N, size], and whether it lies inside the crop [N]."""
    centres = torch.arange(size, device=start.device, dtype=start.dtype) + 0.5
    end = start + length
    covered = (centres >= start[:, None]) & (centres < end[:, None])
    return covered, (start >= -TOLERANCE) & (end <= size + TOLERANCE)


def _largest(logits: Tensor, where: Tensor, dim: int) -> Tensor:
    """The largest logit of each bag; -10,000 for an empty bag."""
    return logits.masked_fill(~where, -1e4).amax(dim)


def _bags(signed: Tensor, valid: Tensor) -> Tensor:
    """The cross-entropy of bags [N, L], summed over the valid ones; `signed` is the logit of the wrong label."""
    return (F.softplus(signed) * valid).sum(1)
