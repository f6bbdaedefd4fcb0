"""The tracker for networks of cues, such as MaskTrack and STM.

Shapes: O objects, H x W image pixels, Hc x Wc crop pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from pytracking.utils import TrackerParams
from torch import Tensor

from ltr_ext.data.crop import Crop
from ltr_ext.data.optical_flow import dense_flow, flow_picture
from ltr_ext.device import autocast
from ltr_ext.models.cues import CueFrame, CueNet
from ltr_ext.models.dense_crf import sharpen
from tracker_ext.tracker.cue_config import CueTrackerConfig
from tracker_ext.tracker.fine_tune import OwnNetwork
from tracker_ext.tracker.mask_tracker import MaskTracker, Seen, TrackerParts
from tracker_ext.tracker.places import OurPlaces, SearchCrop
from tracker_ext.tracker.search import SearchState
from tracker_ext.tracker.target import TrackedObject


@dataclass(frozen=True)
class CueTrackerParts(TrackerParts):
    """The contents of `params.parts`, which the parameter module sets."""

    net: CueNet
    config: CueTrackerConfig


class CueTarget(TrackedObject):
    """An object, with the states of the cues.

    Attributes:
        own: the network that was fitted to the object; None if it shares the network of all objects.
        states: the states of the cues, by name.
    """

    def __init__(self, config: CueTrackerConfig, mask: np.ndarray, state: SearchState, own: OwnNetwork | None) -> None:
        super().__init__(config, mask, state)
        self.own = own
        self.states: dict[str, Any] = {}


@dataclass(frozen=True)
class Look:
    """An object's crop of the current frame."""

    crop: SearchCrop
    picture: np.ndarray
    """[Hc, Wc, 3] uint8 RGB."""
    frame: CueFrame
    """The input of cues and decoder, with N = 1."""


class CueTracker(MaskTracker[CueTarget]):
    """See `MaskTracker`; the crops of all objects are one batch of the backbone, but each object is decoded by itself,
    since it may have its own network."""

    _net: CueNet
    _config: CueTrackerConfig

    def __init__(self, params: TrackerParams) -> None:
        super().__init__(params, OurPlaces(params.parts.config))
        self._before: np.ndarray | None = None
        self._looks: list[Look] = []

    @property
    def crop_hw(self) -> tuple[int, int]:
        return self._net.config.crop_hw

    def learn(self, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> CueTarget:
        state, crop = self._places.first_place(mask, box, self.crop_hw, self._net.config.filter_size)
        assert isinstance(state, SearchState)
        picture, cut = crop.cut(image), crop.cut_mask(mask.view(np.uint8))
        own = None
        if self._config.fine_tune is not None:
            own = OwnNetwork(self._net, picture, cut, self._config.fine_tune, self._bfloat16)
        target = CueTarget(self._config, mask, state, own)
        with autocast(self._device, self._bfloat16):
            levels = self._net.levels(self.batch([picture]))
            frame = self._frame(target, levels, crop, None)
            target.states = self._network(target).start(frame, self.to_device(cut[None]))
        self._before = image
        return target

    def segment(self, image: np.ndarray, targets: Sequence[CueTarget], crops: Sequence[SearchCrop]) -> Tensor:
        wants_flow = self._net.sees_flow or self._config.flow_pass
        before = self._frame_before(image)
        pictures = [crop.cut(image) for crop in crops]
        flows = [
            dense_flow(picture, crop.cut(before)) if wants_flow else None
            for crop, picture in zip(crops, pictures, strict=True)
        ]
        batch = self.batch(pictures)
        self._looks = []
        logits = []
        with autocast(self._device, self._bfloat16):
            levels = self._net.levels(batch)
            for row, (target, crop, picture, flow) in enumerate(zip(targets, crops, pictures, flows, strict=True)):
                part = {name: maps[row : row + 1] for name, maps in levels.items()}
                frame = self._frame(target, part, crop, flow)
                self._looks.append(Look(crop, picture, frame))
                found = self._network(target).read(frame, target.states)
                if self._config.flow_pass and flow is not None:
                    found = self._with_flow(target, crop, flow, found)
                logits.append(found)
        joined = torch.cat(logits)
        if self._config.crf:
            joined = torch.stack([sharpen(one, colours) for one, colours in zip(joined, batch, strict=True)])
        self._before = image
        return joined

    def remember(self, image: np.ndarray, targets: Sequence[CueTarget], found: Sequence[Seen]) -> None:
        """Write the frame into the cues of each object that was found with enough confidence."""
        for target, seen, look in zip(targets, found, self._looks, strict=True):
            if target.state.lost or seen.score < self._config.min_confidence:
                continue
            mask = look.crop.cut_mask(seen.mask.view(np.uint8))
            adapt = self._config.adapt
            if target.own is not None and adapt is not None and target.age % adapt.interval == 0:
                target.own.adapt(look.picture, seen.in_crop, adapt)
            if mask.any():
                with autocast(self._device, self._bfloat16):
                    target.states = self._network(target).write(look.frame, self.to_device(mask[None]), target.states)

    def _network(self, target: CueTarget) -> CueNet:
        return self._net if target.own is None else target.own.net

    def _frame(
        self, target: CueTarget, levels: dict[str, Tensor], crop: SearchCrop, flow: np.ndarray | None
    ) -> CueFrame:
        """The input of the object's network."""
        assert isinstance(crop, Crop)  # the class that `OurPlaces` returns
        region = self.to_device(crop.shares(self._image_hw)[None])
        moved = None if flow is None else self.to_device(flow.transpose(2, 0, 1)[None])
        return self._network(target).frame(levels, self.crop_hw, region, moved)

    def _with_flow(self, target: CueTarget, crop: SearchCrop, flow: np.ndarray, logits: Tensor) -> Tensor:
        """Average logits [1, Hc, Wc] with those of the picture of the flow's magnitude."""
        grey = self.to_device(flow_picture(flow).transpose(2, 0, 1)[None])
        frame = self._frame(target, self._net.levels(grey), crop, flow)
        share = self._config.flow_share
        return (1 - share) * logits + share * self._network(target).read(frame, target.states)

    def _frame_before(self, image: np.ndarray) -> np.ndarray:
        """The preceding frame, resized to the size of this one."""
        if self._before is None:
            return image
        if self._before.shape != image.shape:
            return cv2.resize(self._before, image.shape[1::-1], interpolation=cv2.INTER_AREA)
        return self._before
