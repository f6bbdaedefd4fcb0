"""Dense CRF (Kraehenbuehl and Koltun, NIPS 2011): pixels that look alike and lie close get the same label.

Mean field with the exact kernel of `ltr_ext.losses.crf`, between pixels and the cells of a coarse grid, which stand for
all pixels. Two labels, so one number per pixel.

Shapes: H W pixels, P cells of the grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ltr_ext.losses.crf import grid_points, smooth
from ltr_ext.models.layers import resize

SIGMA_RGB = 12.0
"""Standard deviation of the kernel in colour, 0-255."""
SIGMA_XY = 24.0
"""Standard deviation of the kernel in place, pixels."""
STRENGTH = 4.0
"""Logit that is added where all that looks alike is object."""
ITERATIONS = 3
GRID = 48
"""Longest side of the coarse grid."""
FINE = 160
"""Longest side of the grid on which the result is made."""


def sharpen(
    logits: Tensor, image: Tensor, strength: float = STRENGTH, sigma_rgb: float = SIGMA_RGB, sigma_xy: float = SIGMA_XY
) -> Tensor:
    """Draw the logits of a picture to what those say that look alike nearby.

    Args:
        logits: [H, W] float; above 0 is object.
        image: [3, H, W] float RGB, 0-255.
        strength: see `STRENGTH`; 0 changes nothing.
        sigma_rgb: see `SIGMA_RGB`.
        sigma_xy: see `SIGMA_XY`.

    Returns:
        [H, W].
    """
    coarse, fine = _size(logits, GRID), _size(logits, FINE)
    points, at = (grid_points(image.unsqueeze(0), size, sigma_rgb, sigma_xy)[0] for size in (coarse, fine))
    own = F.adaptive_avg_pool2d(logits[None, None], coarse).flatten()
    now = own
    for _ in range(ITERATIONS - 1):
        now = own + strength * _opinion(points, points, now)
    opinion = _opinion(at, points, now).view(1, 1, *fine)
    return logits + strength * resize(opinion, logits.shape)[0, 0]


def _opinion(at: Tensor, points: Tensor, logits: Tensor) -> Tensor:
    """What the cells [P] say at other points [Q, 5], weighted by likeness: -1 background to 1 object, [Q]."""
    degree, agreed = smooth(at, points, torch.stack((torch.ones_like(logits), logits.sigmoid()), dim=1)).unbind(1)
    return 2 * agreed / degree.clamp_min(torch.finfo(degree.dtype).tiny) - 1


def _size(logits: Tensor, longest: int) -> tuple[int, int]:
    """A grid with the aspect of the picture, not finer than it."""
    height, width = logits.shape
    shrink = min(1.0, longest / max(height, width))
    return max(round(height * shrink), 1), max(round(width * shrink), 1)
