"""Cuts a region from a picture, and resamples masks to the picture, exactly as pytracking's own LWL tracker does.

Pictures are subsampled before they are resized, and the coordinates of regions may be half pixels.

Shapes: H x W image pixels. Points and sizes are (y, x) and (h, w), float32, in image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

SURROUNDING = 2
"""On the first frame, a region this many times larger is cut, and the crop is cut from it."""


@dataclass(frozen=True)
class Region:
    """A rectangle in a picture of which only every `step`-th pixel is kept; coordinates may be half pixels."""

    start: tuple[float, float]
    """(y, x) of the first pixel, in kept pixels."""
    stop: tuple[float, float]
    """(y, x) after the last pixel, in kept pixels."""
    step: int
    offset: tuple[int, int]
    """(y, x) of the first kept pixel, in image pixels."""

    def cut(self, maps: Tensor, *, is_mask: bool) -> Tensor:
        """Cut the region from [1, C, H, W]; beyond the border, a picture repeats its edge and a mask is 0."""
        kept = maps[..., self.offset[0] :: self.step, self.offset[1] :: self.step]
        top, left, bottom, right = (int(edge) for edge in (*self.start, *self.stop))
        padding = (-left, right - kept.shape[3], -top, bottom - kept.shape[2])
        return F.pad(kept, padding) if is_mask else F.pad(kept, padding, "replicate")


def find_region(centre: Tensor, size: Tensor, out_size: Tensor, image_size: Tensor | None) -> Region:
    """The region of a given size around a point.

    A region that is shrunk to the picture's size can come out a pixel short, since pytracking cuts the quotient of two
    rounded numbers; which of neighbouring scales do so, in one of ten with a picture of 854 x 480, is left to rounding
    there and here.

    Args:
        centre: [2].
        size: [2].
        out_size: [2], the size to which the region is resized; a much larger region is subsampled first.
        image_size: [2]; the region is shrunk until the axis that exceeds the image less fits, and moved into the image.
            None means that it is neither shrunk nor moved.
    """
    if image_size is not None:
        size = (size / (size / image_size).min().clamp(min=1)).long()
    step = max(int((size.float() / out_size).min().item() - 0.1), 1)
    middle = centre.long()
    offset = middle % step if step > 1 else torch.zeros(2, dtype=torch.long)
    middle = (middle - offset) / step if step > 1 else middle
    extent = (size.float() / step).round().clamp(min=2).long()
    start, stop = middle - (extent - 1) / 2, middle + extent / 2 + 1
    if image_size is not None:
        limit = (image_size.long() - offset + step - 1) // step
        inwards = (-start).clamp(min=0) - (stop - limit).clamp(min=0)
        start, stop = start + inwards, stop + inwards
        # A region larger than the picture extends equally far beyond both borders.
        over = ((-start).clamp(min=0) + (stop - limit).clamp(min=0)) // 2
        balanced = (-start - over) * (over > 0)
        start, stop = start + balanced, stop + balanced
    (top, left), (bottom, right) = start.tolist(), stop.tolist()
    return Region((top, left), (bottom, right), step, (int(offset[0]), int(offset[1])))


@dataclass(frozen=True)
class UpstreamCrop:
    """A region, and the size to which it is resized; the counterpart of `ltr_ext.data.crop.Crop`."""

    region: Region
    out_hw: tuple[int, int]
    inner: tuple[int, int] | None = None
    """(top, left) of the crop in a resized region of `SURROUNDING` times its size; None if the region is the crop."""

    @property
    def place(self) -> tuple[Tensor, Tensor]:
        """[2] (y, x) of the middle in image pixels, and the number of image pixels per crop pixel."""
        start, stop = (self.region.step * torch.tensor(edges) for edges in (self.region.start, self.region.stop))
        scale = ((stop - start) / torch.tensor(self.out_hw, dtype=torch.float32)).prod().sqrt()
        return 0.5 * (start + stop - 1), scale

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Cut the crop [*out_hw, 3] float32 from an image [H, W, 3] uint8."""
        maps = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0).float()
        return self._resized(maps, is_mask=False)[0].permute(1, 2, 0).numpy()

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """Cut the crop [*out_hw] float32 from a mask [H, W], by nearest neighbour."""
        return self._resized(torch.from_numpy(mask)[None, None].float(), is_mask=True)[0, 0].numpy()

    def paste(self, values: np.ndarray, image_hw: tuple[int, int], outside: float) -> np.ndarray:
        """Resample values [*out_hw] float32 to the image [*image_hw] float32; pixels beyond the crop get `outside`."""
        middle, scale = self.place
        maps = F.interpolate(torch.from_numpy(values)[None, None], scale_factor=scale.item(), mode="bilinear")[0, 0]
        out = torch.full(image_hw, outside)
        places, sources = [], []
        for centre, length, limit in zip(middle, maps.shape, image_hw, strict=True):
            first = int(centre.item() - 0.5 * length)
            places.append(slice(max(first, 0), max(min(first + length, limit), 0)))
            sources.append(slice(places[-1].start - first, places[-1].stop - first))
        if all(place.start < place.stop for place in places):
            out[places[0], places[1]] = maps[sources[0], sources[1]]
        return out.numpy()

    def _resized(self, maps: Tensor, *, is_mask: bool) -> Tensor:
        region = self.region.cut(maps, is_mask=is_mask)
        factor = 1 if self.inner is None else SURROUNDING
        size = (self.out_hw[0] * factor, self.out_hw[1] * factor)
        if region.shape[-2:] != size:
            region = F.interpolate(region, size, mode="nearest" if is_mask else "bilinear")
        if self.inner is None:
            return region
        padding = [(self.out_hw[axis] - size[axis]) // 2 for axis in (0, 1)]
        top, left = (padding[axis] + self.inner[axis] for axis in (0, 1))
        bottom, right = (2 * padding[axis] - side for axis, side in ((0, top), (1, left)))
        return F.pad(region, (left, right, top, bottom), "replicate")
