"""The interface of cues, and their input.

Shapes: N objects, each with its own crop; D features, C encoding channels, H x W crop pixels, h = H/16, w = W/16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Slot = Literal["place", "look"]
"""The kind of information in an encoding: where the object was, or what it looks like. The encodings of a slot are
averaged."""


@dataclass(frozen=True)
class CueFrame:
    """The crops of N objects from a frame."""

    features: Tensor
    """[N, D, h, w]."""
    size: tuple[int, int]
    """(H, W)."""
    region: Tensor
    """[N, 4] float32 (x, y, w, h), the regions of the crops as fractions of the image's width and height; they may
    extend beyond the image."""
    decoder: tuple[Tensor, ...] = ()
    """The output of `Decoder.prepare`; empty for a frame that is not segmented."""
    flow: Tensor | None = None
    """[N, 2, H, W] (x, y) crop pixels from each pixel to its position in the preceding frame; None if not known."""


class Cue(nn.Module):
    """Abstract class of modules that encode for the decoder what earlier frames and masks show of an object.

    A cue holds weights alone. What it knows of the objects is in a state that it returns and is given again, so that
    one network serves all objects. The caller decides which frames are written.

    Attributes:
        slot: see `Slot`.
    """

    slot: ClassVar[Slot]

    def start(self, frame: CueFrame, mask: Tensor) -> Any:
        """The state after the first frame, whose mask is [N, H, W] float, 0..1."""
        raise NotImplementedError

    def read(self, frame: CueFrame, state: Any) -> Tensor:
        """The encoding [N, C, h, w] of the objects for a later frame."""
        raise NotImplementedError

    def write(self, frame: CueFrame, mask: Tensor, state: Any) -> Any:
        """The state after a frame with its mask [N, H, W]; the old state must not be used any more."""
        raise NotImplementedError


def moved(maps: Tensor, was: Tensor, now: Tensor, shift: Tensor | None = None) -> Tensor:
    """Resample maps of one crop to another crop of the same image.

    Args:
        maps: [N, C, h, w] in the first crop.
        was: [N, 4] region of the first crop.
        now: [N, 4] region of the other crop.
        shift: [N, 2, h, w] (x, y), an offset in pixels of the map that is added to each position before it is looked
            up; None means no offset.

    Returns:
        [N, C, h, w] in the other crop; 0 beyond the first crop.
    """
    height, width = maps.shape[-2:]
    rows = (torch.arange(height, device=maps.device, dtype=torch.float32) + 0.5) / height
    columns = (torch.arange(width, device=maps.device, dtype=torch.float32) + 0.5) / width
    places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).unsqueeze(0)
    if shift is not None:
        places = places + shift.float().permute(0, 2, 3, 1) / places.new_tensor([width, height])
    elif torch.equal(was, now):
        return maps
    corner, side = (now[:, :2] - was[:, :2]) / was[:, 2:], now[:, 2:] / was[:, 2:]
    looked_up = corner[:, None, None] + places * side[:, None, None]
    return F.grid_sample(maps, (2 * looked_up - 1).to(maps.dtype), align_corners=False)


def cell_places(region: Tensor, grid: tuple[int, int]) -> Tensor:
    """The centres [N, h w, 2] (x, y) of the cells of crops with regions [N, 4], as fractions of the image's sides."""
    rows = (torch.arange(grid[0], device=region.device) + 0.5) / grid[0]
    columns = (torch.arange(grid[1], device=region.device) + 0.5) / grid[1]
    places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).flatten(0, 1)
    return region[:, None, :2] + places * region[:, None, 2:]
