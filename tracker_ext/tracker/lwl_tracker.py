"""The LWL tracker (Bhat et al., ECCV 2020), which can also start from boxes (paper section 4.3).

Shapes: O objects, H x W image pixels, Hc x Wc crop pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pytracking.utils import TrackerParams
from torch import Tensor

from ltr_ext.device import autocast
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import FrameFeatures, LWLNet
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.mask_tracker import MaskTracker, Seen, TrackerParts
from tracker_ext.tracker.places import Place, SearchCrop
from tracker_ext.tracker.rules import rules_of
from tracker_ext.tracker.target import Target
from tracker_ext.tracker.upstream_box import sta_masks


@dataclass(frozen=True)
class LWLTrackerParts(TrackerParts):
    """The contents of `params.parts`, which the parameter module sets."""

    net: LWLNet
    config: LWLTrackerConfig


class LWLTracker(MaskTracker[Target]):
    """See `MaskTracker`; the crops of all objects are one batch of the network."""

    _net: LWLNet
    _config: LWLTrackerConfig

    def __init__(self, params: TrackerParams) -> None:
        self._rules = rules_of(params.parts.config)
        super().__init__(params, self._rules)
        self._frame: FrameFeatures | None = None

    @property
    def crop_hw(self) -> tuple[int, int]:
        return self._net.config.crop_hw

    def learn(self, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> Target:
        state, features, crop_mask = self._shown(image, mask, box)
        with autocast(self._device, self._bfloat16):
            return Target(self._net, self._config, self._rules, mask, features, crop_mask, state)

    def correct(self, target: Target, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> Target:
        """As `MaskTracker.correct`; the memory keeps the masks that were given and forgets those that were found."""
        state, features, crop_mask = self._shown(image, mask, box)
        target.correct(mask, state)
        with autocast(self._device, self._bfloat16):
            target.learn_again(features, crop_mask)
        return target

    def _shown(self, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> tuple[Place, Tensor, Tensor]:
        """The place of a known mask, the features of the crop around it, and the mask in that crop."""
        state, crop = self._rules.first_place(mask, box, self.crop_hw, self._net.config.filter_size)
        features = self._extract(image, [crop]).target[0]
        return state, features, self.to_device(crop.cut_mask(mask.view(np.uint8)))

    def segment(self, image: np.ndarray, targets: Sequence[Target], crops: Sequence[SearchCrop]) -> Tensor:
        self._frame = self._extract(image, crops)
        previous = None
        if self._net.previous_encoder is not None:
            previous = self.to_device(np.stack([
                crop.cut_mask(target.mask.view(np.uint8)) for crop, target in zip(crops, targets, strict=True)
            ]))  # fmt: skip
        with autocast(self._device, self._bfloat16):
            filters = torch.cat([target.filters for target in targets])
            return self._net.segment(self._frame, filters, self.crop_hw, previous)

    def remember(self, image: np.ndarray, targets: Sequence[Target], found: Sequence[Seen]) -> None:
        assert self._frame is not None
        for row, (target, seen) in enumerate(zip(targets, found, strict=True)):
            if target.wants_sample:
                with autocast(self._device, self._bfloat16):
                    target.remember(self._frame.target[row], seen.in_crop)
            target.update()

    def masks_of_boxes(
        self, image: np.ndarray, boxes: dict[int, np.ndarray], box_net: Box2MaskNet
    ) -> dict[int, np.ndarray]:
        """See `MaskTracker.masks_of_boxes`; upstream's rules make other masks."""
        if self._config.rules == "upstream":
            return sta_masks(image, boxes, box_net, self._config.box_scale)
        return super().masks_of_boxes(image, boxes, box_net)

    def _extract(self, image: np.ndarray, crops: Sequence[SearchCrop]) -> FrameFeatures:
        """The features of all crops, in one batch; equal crops, as large objects often have, are computed once."""
        distinct = list(dict.fromkeys(crops))
        with autocast(self._device, self._bfloat16):
            features = self._net.extract(self.pictures(image, distinct))
        return features if len(distinct) == len(crops) else features[[distinct.index(crop) for crop in crops]]
