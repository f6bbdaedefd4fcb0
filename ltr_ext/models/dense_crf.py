"""A dense CRF (Kraehenbuehl and Koltun, NIPS 2011): nearby pixels with similar colours are drawn to the same label.

Inference is by mean field with the exact kernel of `ltr_ext.losses.crf`, between pixels and the cells of a coarse grid,
which represent all pixels. There are two labels, so one number per pixel is enough.

Shapes: H x W pixels, P cells of the grid.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ltr_ext.losses.crf import grid_points, smooth
from ltr_ext.models.layers import resize

SIGMA_RGB = 12.0
"""Standard deviation of the kernel in colour, in grey levels of 0-255."""
SIGMA_XY = 24.0
"""Standard deviation of the kernel in position, in pixels."""
STRENGTH = 4.0
"""The value that is added to a logit if all similar cells are object with certainty."""
ITERATIONS = 3
GRID = 48
"""Largest number of cells along the longer side of the coarse grid."""
FINE = 160
"""The same for the grid on which the result is computed."""


def sharpen(
    logits: Tensor, image: Tensor, strength: float = STRENGTH, sigma_rgb: float = SIGMA_RGB, sigma_xy: float = SIGMA_XY
) -> Tensor:
    """Change the logits of an image towards the labels of nearby pixels with similar colours.

    Args:
        logits: [H, W] float; a logit above 0 means object.
        image: [3, H, W] float RGB, 0-255.
        strength: see `STRENGTH`; 0 changes nothing.
        sigma_rgb: see `SIGMA_RGB`.
        sigma_xy: see `SIGMA_XY`.

    Returns:
        Logits [H, W].
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
    """The mean label of the cells at other points [Q, 5], weighted by the kernel.

    Args:
        at: [Q, 5], see `grid_points`.
        points: [P, 5] of the cells.
        logits: [P] of the cells.

    Returns:
        [Q], from -1 (background) to 1 (object).
    """
    degree, agreed = smooth(at, points, torch.stack((torch.ones_like(logits), logits.sigmoid()), dim=1)).unbind(1)
    return 2 * agreed / degree.clamp_min(torch.finfo(degree.dtype).tiny) - 1


def _size(logits: Tensor, longest: int) -> tuple[int, int]:
    """The size (rows, columns) of a grid with the aspect ratio of the image, at most as fine as the image."""
    height, width = logits.shape
    shrink = min(1.0, longest / max(height, width))
    return max(round(height * shrink), 1), max(round(width * shrink), 1)
