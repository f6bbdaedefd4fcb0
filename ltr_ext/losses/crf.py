"""The dense-CRF loss (Tang et al., "On Regularized Losses for Weakly-supervised CNN Segmentation", ECCV 2018).

The loss is sum_k S_k^T W (1 - S_k) over the two labels, where W is a Gaussian of colour and position: it penalises
different labels of pixels with similar colours that are close to each other. Tang et al. filter with a permutohedral
lattice, which approximates W. Here W is exact, but on a coarse grid, and computed in blocks that are not kept.

Shapes: N frames, H x W pixels, P points of the grid.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

SIGMA_RGB = 15.0
"""Standard deviation of the kernel in colour, in grey levels of 0-255 (Tang et al.)."""
SIGMA_XY = 100.0
"""Standard deviation of the kernel in position, in crop pixels (Tang et al., for pictures of 513 x 513)."""
GRID = 64
"""Largest number of cells along the longer side of the grid."""
BLOCK = 1024
"""Number of rows of W that are in memory at a time."""


def crf_loss(
    logits: Tensor, images: Tensor, sigma_rgb: float = SIGMA_RGB, sigma_xy: float = SIGMA_XY, grid: int = GRID
) -> Tensor:
    """The loss of each frame, divided by the sum of all entries of W and averaged over frames.

    The division makes the loss independent of the size of the picture: it is 0 if all pixels have the same label with
    certainty, and at most 1/2.

    Args:
        logits: [N, H, W] float; a logit above 0 means object.
        images: [N, 3, H, W] RGB, 0-255, of any type.
        sigma_rgb: standard deviation of the kernel in colour, in grey levels of 0-255.
        sigma_xy: standard deviation of the kernel in position, in pixels.
        grid: probabilities and colours are averaged over the cells of a grid with at most this many along the longer
            side.

    Returns:
        A scalar.
    """
    height, width = logits.shape[-2:]
    shrink = min(1.0, grid / max(height, width))
    size = (max(round(height * shrink), 1), max(round(width * shrink), 1))
    probabilities = F.adaptive_avg_pool2d(logits.sigmoid(), size)
    with torch.no_grad():
        points = grid_points(images.to(logits.dtype), size, sigma_rgb, sigma_xy)
    frames = zip(probabilities.flatten(1), points, strict=True)
    return torch.stack([_DisagreementShare.apply(frame, point) for frame, point in frames]).mean()


def grid_points(images: Tensor, size: tuple[int, int], sigma_rgb: float, sigma_xy: float) -> Tensor:
    """The mean colour and the position of the cells of a grid, in standard deviations of the kernel.

    Args:
        images: [N, 3, H, W] float RGB, 0-255.
        size: (rows, columns) of the grid, which has P cells.
        sigma_rgb: standard deviation of the kernel in colour, in grey levels of 0-255.
        sigma_xy: standard deviation of the kernel in position, in pixels.

    Returns:
        [N, P, 5]: red, green, blue, y, x.
    """
    height, width = images.shape[-2:]
    colours = F.adaptive_avg_pool2d(images, size) / sigma_rgb
    rows = (torch.arange(size[0], device=images.device, dtype=images.dtype) + 0.5) * (height / size[0] / sigma_xy)
    columns = (torch.arange(size[1], device=images.device, dtype=images.dtype) + 0.5) * (width / size[1] / sigma_xy)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    return torch.cat((colours, places.expand(len(images), -1, -1, -1)), dim=1).flatten(2).transpose(1, 2)


def smooth(at: Tensor, points: Tensor, values: Tensor) -> Tensor:
    """Multiply values by the kernel W between two sets of points, which is computed in blocks.

    Args:
        at: [Q, F] points of the result.
        points: [P, F] points of the values.
        values: [P, V].

    Returns:
        [Q, V].
    """
    found = values.new_empty(len(at), values.shape[1])
    for start in range(0, len(at), BLOCK):
        block = at[start : start + BLOCK]
        weights = torch.cdist(block, points, compute_mode="donot_use_mm_for_euclid_dist").square_().mul_(-0.5).exp_()
        found[start : start + BLOCK] = weights @ values
    return found


class _DisagreementShare(torch.autograd.Function):
    """2 s^T W (1 - s) / 1^T W 1 for s [P] and the kernel W of points [P, 5]; differentiable only in s."""

    @staticmethod
    def forward(ctx: Any, s: Tensor, points: Tensor) -> Tensor:
        degree, smoothed = smooth(points, points, torch.stack((torch.ones_like(s), s), dim=1)).unbind(1)
        total = degree.sum()
        ctx.save_for_backward(2 * (degree - 2 * smoothed) / total)
        return 2 * (s @ (degree - smoothed)) / total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0] * ctx.saved_tensors[0], None
