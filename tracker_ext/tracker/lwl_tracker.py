"""LWL: all objects of a video together, mask by mask (Bhat et al., ECCV 2020; started from boxes: paper section 4.3).

Shapes: O objects, H W image pixels, Hc Wc crop pixels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams
from torch import Tensor

from ltr_ext.device import Precision, autocast, uses_bfloat16
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import FrameFeatures, LWLNet
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT
from tracker_ext.tracker.box_to_mask import boxes_to_masks
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.rules import SearchCrop, rules_of
from tracker_ext.tracker.small_parts import drop_small_parts
from tracker_ext.tracker.target import Target
from tracker_ext.tracker.upstream_box import sta_masks

SINGLE = "1"
"""Our id for the object of a sequence without ids."""


@dataclass(frozen=True)
class LWLTrackerParts:
    """What the parameter module puts into `params.lwl`."""

    net: LWLNet
    """In eval mode."""
    config: LWLTrackerConfig
    """How to track."""
    box_net: Box2MaskNet | None = None
    """Makes masks of boxes; needed if `config.start` is "box", and if it is "given" for objects without a mask."""

    def __post_init__(self) -> None:
        if self.config.start == "box" and self.box_net is None:
            raise ValueError('start "box" needs a box_net')

    @property
    def precision(self) -> str:
        """What "auto" comes to on the network's device: "fp32" or "bf16"."""
        device = next(self.net.parameters()).device
        return "bf16" if uses_bfloat16(self.config.precision, device) else "fp32"

    def with_precision(self, precision: Precision) -> LWLTrackerParts:
        """The same with another arithmetic."""
        return replace(self, config=replace(self.config, precision=precision))


@dataclass(frozen=True)
class Seen:
    """An object on a frame."""

    mask: np.ndarray
    """[H, W] bool."""
    score: float
    """Mean probability of the mask's pixels."""
    probabilities: np.ndarray
    """[H, W] float32."""
    in_crop: Tensor
    """[Hc, Wc] float32 probabilities in its crop."""


class LWLTracker(BaseTracker):
    """Tracks one object or several.

    The host gives all objects of a sequence to one tracker (`multiobj_mode` "default"): their crops go through the
    network in one batch, and their masks compete. Outputs hold one value, or one per object id, as the sequence does:
    `target_bbox` (x, y, w, h), `object_presence_score` (mean probability of the mask's pixels; 0 if it is empty),
    `object_lost` (whether `target_bbox` is that of an earlier frame), and `segmentation` [H, W] uint8, 0/1 or ids.
    """

    multiobj_mode = "default"

    def __init__(self, params: TrackerParams) -> None:
        super().__init__(params)
        parts: LWLTrackerParts = params.lwl
        self._net = parts.net
        self._box_net = parts.box_net
        self._config = parts.config
        self._rules = rules_of(parts.config)
        self._device = next(parts.net.parameters()).device
        self._bfloat16 = uses_bfloat16(parts.config.precision, self._device)
        self._targets: OrderedDict[str, Target] = OrderedDict()
        self._many = False
        self._image_hw = (0, 0)

    def predicts_segmentation_mask(self) -> bool:
        """True: VOT gets masks."""
        return True

    @property
    def starts_from(self) -> str:
        """What `initialize` is best given: "mask" or "box"."""
        return "box" if self._config.start == "box" else "mask"

    @torch.inference_mode()
    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Start on the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: as the host gives it: `init_bbox` and/or `init_mask`; several objects also `init_object_ids`.

        Raises:
            UserError: no mask or no box where one is needed, an empty mask, or a bad box.
        """
        self._targets.clear()
        # A single object may have an id, too: what tells several from one is the form of the boxes.
        self._many = isinstance(info["init_bbox"], Mapping) if "init_bbox" in info else "init_object_ids" in info
        self._image_hw = image.shape[:2]
        self._enter(image, info)
        return self._output()

    @torch.inference_mode()
    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the objects in the next frame, then start those that enter with it.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: the init keys of objects that enter; nothing else of it is needed.

        A frame of another size than the last is taken for the same view at another resolution, as in two clips of
        GOT-10k; outputs have the size of their frame.

        Raises:
            UserError: as `initialize`.
        """
        if image.shape[:2] != self._image_hw:
            for target in self._targets.values():
                target.resize(image.shape[:2])
            self._image_hw = image.shape[:2]
        self._follow(image)
        if info and ("init_bbox" in info or "init_mask" in info):
            self._enter(image, info)
        return self._output()

    def _follow(self, image: np.ndarray) -> None:
        """Segment all known objects, then learn from the masks."""
        targets = list(self._targets.values())
        if not targets:
            return
        crop_hw = self._net.config.crop_hw
        crops = [target.state.crop(self._image_hw, crop_hw, self._config) for target in targets]
        frame = self._extract(image, crops)
        previous = None
        if self._net.previous_encoder is not None:
            previous = self._to_device(np.stack([
                crop.cut_mask(target.mask.view(np.uint8)) for crop, target in zip(crops, targets, strict=True)
            ]))  # fmt: skip
        with autocast(self._device, self._bfloat16):
            logits = self._net.segment(frame, torch.cat([target.filters for target in targets]), crop_hw, previous)
        found = self._merge(logits, crops)
        for row, (target, seen) in enumerate(zip(targets, found, strict=True)):
            target.observe(seen.mask, seen.score, seen.probabilities)
            if target.wants_sample:
                with autocast(self._device, self._bfloat16):
                    target.remember(frame.target[row], seen.in_crop)
            target.update()

    def _merge(self, logits: Tensor, crops: Sequence[SearchCrop]) -> list[Seen]:
        """Let the objects compete in the image.

        Args:
            logits: [O, Hc, Wc].
            crops: of the objects.
        """
        on_host = logits.cpu().numpy()
        pasted = np.stack([
            crop.paste(values, self._image_hw, BACKGROUND_LOGIT) for crop, values in zip(crops, on_host, strict=True)
        ])  # fmt: skip
        labels, probabilities = (part.numpy() for part in self._rules.merge(torch.from_numpy(pasted)))
        found = []
        for row, crop in enumerate(crops):
            mask = drop_small_parts(labels == row + 1, self._config.min_part)
            score = float(probabilities[row][mask].mean()) if mask.any() else 0.0
            unchanged = len(crops) == 1 and self._rules.lone_object_is_final
            in_crop = logits[row].sigmoid() if unchanged else self._to_device(crop.cut_mask(probabilities[row]))
            found.append(Seen(mask, score, probabilities[row], in_crop))
        return found

    def _enter(self, image: np.ndarray, info: dict[str, Any]) -> None:
        """Start the objects that `info` holds; what they cover is taken from the others."""
        start = self._config.start
        if start == "given":
            start = "box" if info.get("init_mask") is None else "mask"
        masks = self._given_masks(info) if start == "mask" else self._masks_from_boxes(image, info)
        taken = np.zeros(self._image_hw, dtype=bool)
        for object_id, mask in masks.items():
            if not mask.any():
                raise UserError(f"object {object_id}: its first mask is empty; give a mask with at least one pixel")
            taken |= mask
        for target in self._targets.values():
            target.mask = target.mask & ~taken
        for object_id, mask in masks.items():
            given = info.get("init_bbox")
            box = given.get(object_id) if isinstance(given, Mapping) else given
            state, crop = self._rules.first_place(mask, box, self._net.config.crop_hw, self._net.config.filter_size)
            features = self._extract(image, [crop]).target[0]
            crop_mask = self._to_device(crop.cut_mask(mask.view(np.uint8)))
            with autocast(self._device, self._bfloat16):
                self._targets[object_id] = Target(
                    self._net, self._config, self._rules, mask, features, crop_mask, state
                )

    def _given_masks(self, info: dict[str, Any]) -> dict[str, np.ndarray]:
        """Object id -> [H, W] bool, from the masks the host gives."""
        if info.get("init_mask") is None:
            raise UserError("no mask of the first frame: these parameters start from one; use lwl box2mask_init")
        given = np.asarray(info["init_mask"])
        if given.shape != self._image_hw:
            raise UserError(f"mask of the first frame: shape {given.shape}, the image has {self._image_hw}")
        if not self._many:
            return {SINGLE: given > 0}
        ids = info.get("init_object_ids", list(info.get("init_bbox", {})))
        return {object_id: given == int(object_id) for object_id in ids}

    def _masks_from_boxes(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, np.ndarray]:
        """Object id -> [H, W] bool, made of the boxes the host gives."""
        if info.get("init_bbox") is None:
            raise UserError("no box of the first frame: these parameters start from one; use lwl default")
        if self._box_net is None:
            raise UserError(
                "no mask of the first frame, and no box2mask network to make one of the box: train it with python "
                "run_training.py box2mask default, or name its weight file with a further --weights FILE"
            )
        boxes = info["init_bbox"] if self._many else {SINGLE: info["init_bbox"]}
        ids = list(info.get("init_object_ids", boxes)) if self._many else [SINGLE]
        numbered = {
            place: np.asarray(boxes[object_id], dtype=np.float64) for place, object_id in enumerate(ids, start=1)
        }
        if self._config.rules == "upstream":
            masks = sta_masks(image, numbered, self._box_net, self._config.box_scale)
        else:
            config = AnnotateConfig(num_frames=1, scale=self._config.box_scale, precision=self._config.precision)
            masks = boxes_to_masks(image, numbered, self._box_net, config)
        return {object_id: masks[place] for place, object_id in enumerate(ids, start=1)}

    def _extract(self, image: np.ndarray, crops: Sequence[SearchCrop]) -> FrameFeatures:
        """Features of all crops in one call."""
        pictures = torch.from_numpy(np.stack([crop.cut(image) for crop in crops])).to(self._device)
        with autocast(self._device, self._bfloat16):
            return self._net.extract(pictures.permute(0, 3, 1, 2).float())

    def _to_device(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self._device, torch.float32)

    def _output(self) -> dict[str, Any]:
        """What the host stores of this frame."""
        labels = np.zeros(self._image_hw, dtype=np.uint8)
        for object_id, target in self._targets.items():
            labels[target.mask] = int(object_id) if self._many else 1
        values = {
            "target_bbox": OrderedDict((i, target.box.tolist()) for i, target in self._targets.items()),
            "object_presence_score": OrderedDict((i, target.score) for i, target in self._targets.items()),
            "object_lost": OrderedDict((i, not target.mask.any()) for i, target in self._targets.items()),
        }
        if not self._many:
            values = {name: by_id[SINGLE] for name, by_id in values.items()}
        return {**values, "segmentation": labels}
