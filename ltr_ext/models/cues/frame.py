"""What a cue is, and what it is shown of a frame.

Shapes: N objects, each with a crop of its own; D features, C encoding channels, H W crop pixels, h = H/16, w = W/16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Slot = Literal["place", "look"]
"""What an encoding says: where the object was, or what it looks like. Encodings of one slot are averaged."""


@dataclass(frozen=True)
class CueFrame:
    """A frame, as it is seen in the crops of N objects."""

    features: Tensor
    """[N, D, h, w]."""
    size: tuple[int, int]
    """(H, W)."""
    region: Tensor
    """[N, 4] float32 (x, y, w, h): where the crops lie, in shares of the picture's width and height; may reach over."""
    decoder: tuple[Tensor, ...] = ()
    """From `Decoder.prepare`; empty for a frame that is only learnt from."""
    flow: Tensor | None = None
    """[N, 2, H, W] (x, y) crop pixels from each pixel to where it was in the frame before; None if not known."""


class Cue(nn.Module):
    """Abstract: something that tells the decoder about an object, from the frames and masks it has been shown.

    A cue's weights are its own, what it knows of an object is in a state that it hands out and takes back: one network
    serves all objects. Whoever calls decides which frames are written.

    Attributes:
        slot: see `Slot`.
    """

    slot: ClassVar[Slot]

    def start(self, frame: CueFrame, mask: Tensor) -> Any:
        """The state after the first frame; mask [N, H, W] float, 0..1."""
        raise NotImplementedError

    def read(self, frame: CueFrame, state: Any) -> Tensor:
        """What is known of the objects on a later frame, [N, C, h, w]."""
        raise NotImplementedError

    def write(self, frame: CueFrame, mask: Tensor, state: Any) -> Any:
        """The state after a frame whose mask [N, H, W] was found; the old state may not be used any more."""
        raise NotImplementedError


def moved(maps: Tensor, was: Tensor, now: Tensor, shift: Tensor | None = None) -> Tensor:
    """Maps of one crop as they lie in another crop of the picture.

    Args:
        maps: [N, C, h, w] in the first crop.
        was: [N, 4] region of the first crop.
        now: [N, 4] region of the other.
        shift: [N, 2, h, w] (x, y) pixels of the map, by which to look beside each place; None: nowhere beside.

    Returns:
        [N, C, h, w] in the other crop; 0 where the first does not reach.
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
    """Centres of the cells of crops, in shares of the picture: [N, 4] -> [N, h w, 2] (x, y)."""
    rows = (torch.arange(grid[0], device=region.device) + 0.5) / grid[0]
    columns = (torch.arange(grid[1], device=region.device) + 0.5) / grid[1]
    places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).flatten(0, 1)
    return region[:, None, :2] + places * region[:, None, 2:]
