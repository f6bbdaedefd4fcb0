"""The rules of pytracking's own LWL tracker, which `LWLTrackerConfig.rules` = "upstream" selects.

They differ from ours in many details that change the network's input: crops are cut in another way
(`upstream_crop.py`), the search region follows the moments of the probabilities, and a single object competes with the
background, too. These rules equal pytracking's to the pixel, so that the same weights give the same masks.

Shapes: H x W image pixels, O objects. Points and sizes are (y, x) and (h, w), float32, in image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.boxes import mask_to_box
from tracker_ext.tracker.config import LWLTrackerConfig, TrackerConfig
from tracker_ext.tracker.upstream_crop import SURROUNDING, UpstreamCrop, find_region

MIN_AREA = 100.0
"""If the probabilities of an object sum to less than this, its search region does not move."""
STANDARD_DEVIATIONS = 4.0
"""Size of an object, in standard deviations of its probabilities' positions."""
BACKGROUND_FLOOR = 1e-7


@dataclass(frozen=True)
class UpstreamRules:
    """pytracking's rules; they ignore `lost_growth`, `max_lost_growth`, `min_area_share` and `min_confidence`."""

    config: LWLTrackerConfig
    lone_object_is_final = False

    @property
    def first_stays(self) -> bool:
        """True only if the first frame has a smallest weight."""
        return self.config.first_frame_weight > 0

    def first_place(
        self, mask: np.ndarray, box: np.ndarray | None, crop_hw: tuple[int, int], filter_size: int
    ) -> tuple[UpstreamPlace, UpstreamCrop]:
        """The place of the given box, updated by the mask; and a crop around the box, cut from a larger region."""
        if box is None or min(box[2:]) <= 0:
            box = mask_to_box(mask)
        assert box is not None
        place = UpstreamPlace.of_box(np.asarray(box), crop_hw, self.config, filter_size)
        return place.after(mask, self.config), place.first_crop((mask.shape[0], mask.shape[1]), crop_hw)

    def merge(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Soft aggregation even of a single object, whose probabilities become more extreme by it."""
        background = (1 - logits.sigmoid()).prod(dim=0).clamp(BACKGROUND_FLOOR, 1 - BACKGROUND_FLOOR)
        joint = torch.cat(((background / (1 - background)).log().unsqueeze(0), logits)).softmax(dim=0)
        return joint.argmax(dim=0), joint[1:]

    def wants_sample(self, age: int, lost: int, score: float) -> bool:
        """Every `memory_interval` frames; the first frame has the number 1, and 0 in our rules."""
        return (age + 1) % self.config.memory_interval == 0

    def wants_update(self, age: int, lost: int) -> bool:
        """Every `update_interval` frames; the first frame has the number 1, and 0 in our rules."""
        return (age + 1) % self.config.update_interval == 0

    def weigh(self, weights: Tensor, place: int, latest: int | None) -> Tensor:
        """The weights after a new sample; their sum is 1 unless the first frame was raised to its smallest weight."""
        rate, first_weight = self.config.learning_rate, self.config.first_frame_weight
        weights = weights.clone()
        if latest is None and self.config.lower_first_weight:
            weights[place] = 1
        elif latest is None:
            weights /= 1 - rate
            weights[place] = rate
        else:
            weights[place] = weights[latest] / (1 - rate)
        weights /= weights.sum()
        if first_weight > 0 and weights[0] < first_weight:
            weights /= first_weight + weights[1:].sum()
            weights[0] = first_weight
        return weights

    def importance(self, weights: Tensor) -> Tensor:
        """The squares, since pytracking multiplies residuals by the weights."""
        return weights.square()


@dataclass(frozen=True)
class UpstreamPlace:
    """The estimated position and size of an object; the counterpart of `SearchState`."""

    centre: Tensor
    """[2]."""
    size: Tensor
    """[2]."""
    scale: Tensor
    """Image pixels per crop pixel."""
    first_size: Tensor
    """[2] size on the first frame, in crop pixels; later sizes keep its aspect ratio."""
    filter_size: int
    """K of the target model."""
    lost: int = 0
    """Always 0, since an object that is not found is searched for at its last position."""

    @staticmethod
    def of_box(box: np.ndarray, crop_hw: tuple[int, int], config: TrackerConfig, filter_size: int) -> UpstreamPlace:
        """The place of a box (x, y, w, h) in image pixels, with an area."""
        x, y, w, h = (float(value) for value in box)
        size = torch.tensor([h, w])
        area = (size * config.search_scale).prod().item()
        scale = area**0.5 / torch.tensor(crop_hw, dtype=torch.float32).prod().sqrt()
        return UpstreamPlace(torch.tensor([y + (h - 1) / 2, x + (w - 1) / 2]), size, scale, size / scale, filter_size)

    def after(self, mask: np.ndarray, config: TrackerConfig, probabilities: np.ndarray | None = None) -> UpstreamPlace:
        """The place after the next frame; the position stays if the mask is too small.

        Args:
            mask: [H, W] bool, used if there are no probabilities.
            config: the limits of the change.
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

    def scaled(self, zoom: tuple[float, float]) -> UpstreamPlace:
        """The place in the image resized by `zoom` (x, y)."""
        factors = torch.tensor([zoom[1], zoom[0]])
        size, scale = self.size * factors, self.scale * factors.prod().sqrt()
        return replace(self, centre=self.centre * factors, size=size, scale=scale, first_size=size / scale)

    def crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int], config: TrackerConfig) -> UpstreamCrop:
        """The search region."""
        out, image = torch.tensor(crop_hw, dtype=torch.float32), torch.tensor(image_hw, dtype=torch.float32)
        feature_hw = out / 16
        # An even grid has no middle cell, so the region moves by half a cell to centre the filter on the object.
        shift = (feature_hw + self.filter_size) % 2 * self.scale * out / (2 * feature_hw)
        return UpstreamCrop(find_region(self.centre + shift, self.scale * out, out, image), crop_hw)

    def first_crop(self, image_hw: tuple[int, int], crop_hw: tuple[int, int]) -> UpstreamCrop:
        """The crop to learn from on the first frame: it is moved into the image, inside a larger region."""
        out, image = torch.tensor(crop_hw, dtype=torch.float32), torch.tensor(image_hw, dtype=torch.float32)
        wanted = self.scale * out
        size = wanted / (wanted / image).min().clamp(min=1)
        scale = (size / out).prod().sqrt()
        start, stop = self.centre - (size - 1) / 2, self.centre + size / 2 + 1
        inwards = ((-start).clamp(min=0) - (stop - image).clamp(min=0)) / scale
        around = SURROUNDING * out
        region = find_region(self.centre.round(), scale * around, around, None)
        moved = (-inwards).long().tolist()
        return UpstreamCrop(region, crop_hw, (moved[0], moved[1]))


def _moments(profile: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the positions 0, 1, ... with weights [length] whose sum is `total`."""
    places = torch.arange(len(profile), dtype=torch.float32)
    mean = (profile * places).sum() / total
    return mean, ((profile * (places - mean) ** 2).sum() / total).sqrt()
