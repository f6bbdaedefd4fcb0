"""Simulated masks of the preceding frame, made of the true masks of a frame (Perazzi et al., CVPR 2017, section 3.1).

A tracker gives the network its own last mask, cut out by the crop of the current frame. In training that mask is the
true mask of the current frame, moved, scaled and bent, and often wrong in the ways in which a tracker's mask is wrong:
a part is missing, there is a surplus part, the mask lies elsewhere, is only a box, or is empty. From the empty masks
the network learns to find the object without help.

Shapes: N masks, H x W crop pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, kw_only=True)
class PreviousMaskConfig:
    """How true masks are distorted. Lengths are in units of the object's size, the square root of its box's area."""

    shift: float = 0.1
    """Largest displacement, per axis."""
    scale: float = 0.08
    """Largest relative change of size."""
    bend: float = 0.08
    """Standard deviation of the smooth displacement field at its 5 x 5 nodes."""
    far_shift: float = 0.5
    """Largest displacement of the masks that are somewhere else."""
    far: float = 0.1
    """Share of masks that are somewhere else."""
    part_missing: float = 0.15
    """Share of masks cut off along a line through the object."""
    part_added: float = 0.15
    """Share of masks with a displaced copy added."""
    box: float = 0.25
    """Share of masks replaced by their box."""
    empty: float = 0.15
    """Share of masks that are empty."""


def simulate_previous_masks(
    masks: Tensor, config: PreviousMaskConfig, generator: torch.Generator | None = None
) -> Tensor:
    """Distort true masks.

    Args:
        masks: [N, H, W] float, 0 or 1.
        config: how, and how much.
        generator: random generator on the CPU, or None for the global one.

    Returns:
        [N, H, W] float in 0..1; an empty mask stays empty.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(masks)

    count, height, width = masks.shape
    centre, side = _place(masks)
    chance = uniform(count, 5)
    reach = torch.where(chance[:, 0] < config.far, config.far_shift, config.shift)
    shift = (2 * uniform(count, 2) - 1) * (reach * side)[:, None]
    grow = 1 + (2 * uniform(count) - 1) * config.scale
    nodes = torch.randn(count, 2, 5, 5, generator=generator).to(masks) * config.bend * side[:, None, None, None]
    bend = F.interpolate(nodes, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)

    boxed = torch.where((chance[:, 1] < config.box)[:, None, None], _fill_boxes(masks), masks)
    pixels = _pixel_grid(masks)
    # The place in the true mask at which each pixel of the distorted mask is looked up.
    looked_up = (
        centre[:, None, None] + (pixels - centre[:, None, None] - shift[:, None, None]) / grow[:, None, None, None]
    )
    spoilt = _look_up(boxed, looked_up + bend)

    angle = 2 * torch.pi * uniform(count)
    normal = torch.stack((angle.cos(), angle.sin()), dim=1)
    signed = ((pixels - centre[:, None, None]) * normal[:, None, None]).sum(-1)
    offset = (0.6 * uniform(count) - 0.3) * side
    lost = (chance[:, 2] < config.part_missing)[:, None, None] & (signed > offset[:, None, None])
    spoilt = spoilt.masked_fill(lost, 0.0)

    away = normal * ((0.5 + uniform(count)) * side)[:, None]
    copy = _look_up(masks, pixels - away[:, None, None])
    added = (chance[:, 3] < config.part_added)[:, None, None]
    spoilt = torch.where(added, torch.maximum(spoilt, copy), spoilt)
    return spoilt.masked_fill((chance[:, 4] < config.empty)[:, None, None], 0.0)


def _pixel_grid(masks: Tensor) -> Tensor:
    """[H, W, 2] pixel centres (x, y)."""
    height, width = masks.shape[-2:]
    rows = torch.arange(height, device=masks.device, dtype=masks.dtype) + 0.5
    columns = torch.arange(width, device=masks.device, dtype=masks.dtype) + 0.5
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)


def _look_up(masks: Tensor, places: Tensor) -> Tensor:
    """Sample masks [N, H, W] at places [N, H, W, 2] (x, y) in pixels; outside they are 0."""
    size = places.new_tensor([masks.shape[-1], masks.shape[-2]])
    return F.grid_sample(masks.unsqueeze(1), 2 * places / size - 1, align_corners=False)[:, 0]


def _extent(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Flags of the rows [N, H] and columns [N, W] from the first to the last that contain the object."""
    spans = []
    for dim in (2, 1):
        hit = masks.amax(dim=dim) > 0.5
        spans.append((hit.cumsum(1) > 0) & (hit.flip(1).cumsum(1).flip(1) > 0))
    return spans[0], spans[1]


def _fill_boxes(masks: Tensor) -> Tensor:
    """Masks [N, H, W] that are 1 inside the box of each mask."""
    rows, columns = _extent(masks)
    return (rows[:, :, None] & columns[:, None, :]).to(masks.dtype)


def _place(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Centre [N, 2] (x, y) and size [N] (square root of the area) of the masks' boxes in pixels; 0 for empty masks."""
    rows, columns = (span.to(masks.dtype) for span in _extent(masks))

    def middle(span: Tensor) -> Tensor:
        places = torch.arange(span.shape[1], device=span.device, dtype=span.dtype) + 0.5
        return (span * places).sum(1) / span.sum(1).clamp_min(1)

    side = (rows.sum(1) * columns.sum(1)).sqrt()
    return torch.stack((middle(columns), middle(rows)), dim=1), side
