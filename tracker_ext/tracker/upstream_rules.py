"""The rules of pytracking's own LWL tracker, for its published weights: where to look, how to crop, merge, remember.

`LWLTrackerConfig.rules` = "published" chooses them. They differ from ours in many small ways that decide what the
network sees: pictures are thinned before they are resized, regions are counted in half pixels, the search region
follows the moments of the probabilities, one object competes with the background too. To the pixel these rules are
pytracking's, so that the same weights give the same masks.

Shapes: H W image pixels, Hc Wc crop pixels, O objects. Points and sizes are (y, x) and (h, w), float32, image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tracker_ext.tracker.config import LWLTrackerConfig

MIN_AREA = 100.0
"""A mask whose probabilities sum to less does not move the search region."""
STANDARD_DEVIATIONS = 4.0
"""Size of the object in units of the spread of its probabilities."""
SURROUNDING = 2
"""The first frame is cut this many times larger, and the crop out of that."""
BACKGROUND_FLOOR = 1e-7


@dataclass(frozen=True)
class Region:
    """A rectangle in a picture of which every `step`-th pixel is kept; the numbers may be halves."""

    start: Tensor
    """(y, x) of the first pixel, in kept pixels."""
    stop: Tensor
    """(y, x) behind the last pixel, in kept pixels."""
    step: int
    offset: tuple[int, int]
    """(y, x) of the first kept pixel."""

    def cut(self, maps: Tensor, *, is_mask: bool) -> Tensor:
        """[1, C, H, W] -> the region; outside the picture its edge is repeated, a mask is 0."""
        kept = maps[..., self.offset[0] :: self.step, self.offset[1] :: self.step]
        (top, left), (bottom, right) = self.start.int().tolist(), self.stop.int().tolist()
        padding = (-left, right - kept.shape[3], -top, bottom - kept.shape[2])
        return F.pad(kept, padding) if is_mask else F.pad(kept, padding, "replicate")


def find_region(centre: Tensor, size: Tensor, out_size: Tensor, image_size: Tensor | None) -> Region:
    """The region of a given size around a point.

    Args:
        centre: [2].
        size: [2].
        out_size: [2] what it will be resized to; a much larger region is thinned first.
        image_size: [2]; the region is shrunk until the less exceeded axis fits, and moved inside. None: neither.
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
        # Larger than the picture: as much over one border as over the other.
        over = ((-start).clamp(min=0) + (stop - limit).clamp(min=0)) // 2
        balanced = (-start - over) * (over > 0)
        start, stop = start + balanced, stop + balanced
    return Region(start, stop, step, (int(offset[0]), int(offset[1])))


@dataclass(frozen=True)
class PublishedCrop:
    """A region and the size it is resized to; stands where `ltr_ext.data.crop.Crop` stands with our rules."""

    region: Region
    out_hw: tuple[int, int]
    inner: tuple[int, int] | None = None
    """(top, left) of the crop in a resized region of `SURROUNDING` times the size; None: the region is the crop."""

    def cut(self, image: np.ndarray) -> np.ndarray:
        """[H, W, 3] uint8 -> [*out_hw, 3] float32."""
        maps = torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0).float()
        return self._resized(maps, is_mask=False)[0].permute(1, 2, 0).numpy()

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """[H, W] -> [*out_hw] float32, nearest pixel."""
        return self._resized(torch.from_numpy(mask)[None, None].float(), is_mask=True)[0, 0].numpy()

    def paste(self, values: np.ndarray, image_hw: tuple[int, int], outside: float) -> np.ndarray:
        """[*out_hw] float32 -> [*image_hw] float32; `outside` where the crop does not reach."""
        start, stop = self.region.step * self.region.start, self.region.step * self.region.stop
        scale = ((stop - start) / torch.tensor(self.out_hw, dtype=torch.float32)).prod().sqrt()
        maps = F.interpolate(torch.from_numpy(values)[None, None], scale_factor=scale.item(), mode="bilinear")[0, 0]
        out = torch.full(image_hw, outside)
        places, sources = [], []
        for low, high, length, limit in zip(start, stop, maps.shape, image_hw, strict=True):
            first = int((0.5 * (low + high - 1)).item() - 0.5 * length)
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


@dataclass(frozen=True)
class PublishedState:
    """Where an object is; stands where `SearchState` stands with our rules."""

    centre: Tensor
    """[2]."""
    size: Tensor
    """[2]."""
    scale: Tensor
    """Image pixels per crop pixel."""
    first_size: Tensor
    """[2] size on the first frame, in crop pixels: later sizes keep its aspect."""
    filter_size: int
    """K."""
    lost: int = 0
    """Always 0: an object that is out of sight is searched where it was."""

    @staticmethod
    def of_box(box: np.ndarray, crop_hw: tuple[int, int], config: LWLTrackerConfig, filter_size: int) -> PublishedState:
        """Place of a box (x, y, w, h) with an area."""
        x, y, w, h = (float(value) for value in box)
        size = torch.tensor([h, w])
        area = (size * config.search_scale).prod().item()
        scale = area**0.5 / torch.tensor(crop_hw, dtype=torch.float32).prod().sqrt()
        return PublishedState(torch.tensor([y + (h - 1) / 2, x + (w - 1) / 2]), size, scale, size / scale, filter_size)

    def after(
        self, mask: np.ndarray, config: LWLTrackerConfig, probabilities: np.ndarray | None = None
    ) -> PublishedState:
        """The place after the next frame; the old one if there is too little of a mask.

        Args:
            mask: [H, W] bool, used if there are no probabilities.
            config: limits of the change.
            probabilities: [H, W] float32.
        """
        weights = torch.from_numpy(mask if probabilities is None else probabilities).float()
        total = weights.sum()
        if total < MIN_AREA:
            centre, size = self.centre, self.size
        else:
            means, spreads = zip(*(_moments(weights.sum(dim=axis), total) for axis in (-1, -2)), strict=True)
            centre, size = torch.stack(means), STANDARD_DEVIATIONS * torch.stack(spreads)
        scale = (size.prod() / self.first_size.prod()).sqrt()
        change = scale / self.scale
        least, most = config.max_size_change
        if change < least or change > most:
            scale = self.scale * (least if change < least else most)
        return replace(self, centre=centre, size=self.first_size * scale, scale=scale)

    def scaled(self, zoom: tuple[float, float]) -> PublishedState:
        """The place in the same picture resized by `zoom` (x, y)."""
        factors = torch.tensor([zoom[1], zoom[0]])
        size, scale = self.size * factors, self.scale * factors.prod().sqrt()
        return replace(self, centre=self.centre * factors, size=size, scale=scale, first_size=size / scale)

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: LWLTrackerConfig) -> PublishedCrop:
        """The region to search."""
        out, image = torch.tensor(crop_hw, dtype=torch.float32), torch.tensor(image_hw, dtype=torch.float32)
        feature_hw = out / 16
        # An even grid has no middle: the region moves by half a cell so that the filter sits on the object.
        shift = (feature_hw + self.filter_size) % 2 * self.scale * out / (2 * feature_hw)
        return PublishedCrop(find_region(self.centre + shift, self.scale * out, out, image), crop_hw)

    def first_crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int]) -> PublishedCrop:
        """The region to learn from on the first frame: cut larger, and the crop moved inside the picture in it."""
        out, image = torch.tensor(crop_hw, dtype=torch.float32), torch.tensor(image_hw, dtype=torch.float32)
        wanted = self.scale * out
        size = wanted / (wanted / image).min().clamp(min=1)
        scale = (size / out).prod().sqrt()
        start, stop = self.centre - (size - 1) / 2, self.centre + size / 2 + 1
        inwards = ((-start).clamp(min=0) - (stop - image).clamp(min=0)) / scale
        around = SURROUNDING * out
        region = find_region(self.centre.round(), scale * around, around, None)
        moved = (-inwards).long().tolist()
        return PublishedCrop(region, crop_hw, (moved[0], moved[1]))


def _moments(profile: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of places 0, 1, .. weighted by a profile [length] that sums to `total`."""
    places = torch.arange(len(profile), dtype=torch.float32)
    mean = (profile * places).sum() / total
    return mean, ((profile * (places - mean) ** 2).sum() / total).sqrt()


def aggregate_published(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Soft aggregation as pytracking has it: also with a single object, whose probabilities become sharper.

    Args:
        logits: [O, H, W].

    Returns:
        As `soft_aggregate`.
    """
    background = (1 - logits.sigmoid()).prod(dim=0).clamp(BACKGROUND_FLOOR, 1 - BACKGROUND_FLOOR)
    joint = torch.cat(((background / (1 - background)).log().unsqueeze(0), logits)).softmax(dim=0)
    return joint.argmax(dim=0), joint[1:]


def published_weights(
    weights: Tensor, place: int, latest: int | None, learning_rate: float, first_weight: float, lower_first: bool
) -> Tensor:
    """Temporal weights after a new sample.

    Args:
        weights: [capacity] before; 0 where nothing is stored.
        place: of the new sample.
        latest: place of the sample before it; None if there is only the first frame.
        learning_rate: r.
        first_weight: least weight of the first frame; 0: none.
        lower_first: the second frame weighs as much as the first.

    Returns:
        [capacity]. They sum to 1 unless the first frame was raised to its least weight.
    """
    weights = weights.clone()
    if latest is None and lower_first:
        weights[place] = 1
    elif latest is None:
        weights /= 1 - learning_rate
        weights[place] = learning_rate
    else:
        weights[place] = weights[latest] / (1 - learning_rate)
    weights /= weights.sum()
    if first_weight > 0 and weights[0] < first_weight:
        weights /= first_weight + weights[1:].sum()
        weights[0] = first_weight
    return weights
