"""A tracker around an engine that sees whole frames and all objects: what the adapters share.

Shapes: O objects, H W image pixels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import cv2
import numpy as np
import torch
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams
from torch import Tensor

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.tracker.box_to_mask import boxes_to_masks
from tracker_ext.tracker.config import LITE_BOX_SCALE

SINGLE = "1"
"""Our id for the object of a sequence without ids."""
MIN_SIDE = 128
"""Pixels; smaller frames are enlarged, since the engines compare at least some tens of places."""


@dataclass(frozen=True)
class Entering:
    """An object on the frame on which it is first seen."""

    mask: np.ndarray | None
    """[H, W] bool; None where the engine makes its own mask of the box."""
    box: np.ndarray
    """(x, y, w, h), pixels."""


class Engine(Protocol):
    """Another project's network, with what it remembers of one video."""

    def step(self, image: np.ndarray, entering: Mapping[int, Entering]) -> Tensor:
        """Segment a frame and remember it.

        Args:
            image: [H, W, 3] uint8 RGB; all frames have one size.
            entering: objects that are new on this frame, by number; numbers run from 1 in the order of entering.

        Returns:
            [1 + O, h, w] scores of background and of all objects in the order of their numbers, of any size; the
            highest wins.
        """
        ...


@dataclass(frozen=True)
class AdapterParts:
    """What a parameter module of an adapter puts into `params.adapter`."""

    engine: Callable[[], Engine]
    """Makes an engine for a video; the network in it is loaded already."""
    prompt: Literal["mask", "box"]
    """What the engine starts from."""
    box_net: Box2MaskNet | None
    """Makes masks of boxes where the data set gives none and the engine wants them."""


class WholeFrameTracker(BaseTracker):
    """Tracks one object or several; outputs as those of `LWLTracker`."""

    multiobj_mode = "default"

    def __init__(self, params: TrackerParams) -> None:
        super().__init__(params)
        self._parts: AdapterParts = params.adapter
        self._engine: Engine | None = None
        self._ids: list[str] = []
        self._boxes: dict[str, list[float]] = {}
        self._many = False
        self._size_hw = (0, 0)

    def predicts_segmentation_mask(self) -> bool:
        """True: VOT gets masks."""
        return True

    @property
    def starts_from(self) -> str:
        """What `initialize` is best given: "mask" or "box"."""
        return self._parts.prompt

    @torch.inference_mode()
    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Start on the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: as the host gives it: `init_bbox` and/or `init_mask`; several objects also `init_object_ids`.

        Raises:
            UserError: neither mask nor box, an empty mask, or a bad box.
        """
        self._engine, self._ids, self._boxes = self._parts.engine(), [], {}
        self._many = isinstance(info["init_bbox"], Mapping) if "init_bbox" in info else "init_object_ids" in info
        scale = max(1.0, MIN_SIDE / min(image.shape[:2]))
        self._size_hw = (round(image.shape[0] * scale), round(image.shape[1] * scale))
        return self._step(image, info)

    @torch.inference_mode()
    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the objects in the next frame; those that `info` has the init keys of enter with it."""
        entering = info is not None and ("init_bbox" in info or "init_mask" in info)
        return self._step(image, info if entering and info is not None else {})

    def _step(self, image: np.ndarray, info: Mapping[str, Any]) -> dict[str, Any]:
        height, width = image.shape[:2]
        objects = self._entering(image, info) if info else {}
        if (height, width) != self._size_hw:  # small, or the same view at another resolution, as in clips of GOT-10k
            image, objects = _resized(image, objects, self._size_hw)
        known = len(self._ids)
        numbered = dict(enumerate(objects.values(), known + 1))
        self._ids += list(objects)
        assert self._engine is not None, "initialize comes first"
        scores = self._engine.step(image, numbered)
        scores = torch.nn.functional.interpolate(
            scores[None].float(), (height, width), mode="bilinear", align_corners=False
        )[0]
        labels = scores.argmax(dim=0).to(torch.uint8).cpu().numpy()
        return self._output(labels)

    def _entering(self, image: np.ndarray, info: Mapping[str, Any]) -> OrderedDict[str, Entering]:
        """The objects that `info` holds, by id."""
        boxes, labels = info.get("init_bbox"), info.get("init_mask")
        ids = list(info.get("init_object_ids", boxes or [])) if self._many else [SINGLE]
        if labels is not None and np.shape(labels) != image.shape[:2]:
            raise UserError(f"mask of the first frame: shape {np.shape(labels)}, the image has {image.shape[:2]}")
        masks: dict[str, np.ndarray | None] = dict.fromkeys(ids)
        if labels is not None:
            masks = {i: labels == int(i) if self._many else labels > 0 for i in ids}
        known = (
            {i: np.asarray(boxes[i] if isinstance(boxes, Mapping) else boxes, float) for i in ids}
            if boxes is not None
            else {}
        )
        for object_id, mask in masks.items():
            if object_id not in known:
                box = mask_to_box(mask) if mask is not None else None
                if box is None:
                    raise UserError(f"object {object_id}: its first mask is empty; give a mask with at least one pixel")
                known[object_id] = box
        if self._parts.prompt == "box":
            return OrderedDict((i, Entering(None, known[i])) for i in ids)
        missing = {number: known[i] for number, i in enumerate(ids, 1) if masks[i] is None}
        if missing:
            if self._parts.box_net is None:
                raise UserError("no mask of the first frame: these parameters start from one")
            config = AnnotateConfig(num_frames=1, scale=LITE_BOX_SCALE)
            made = boxes_to_masks(image, missing, self._parts.box_net, config)
            masks.update({ids[number - 1]: mask for number, mask in made.items()})
        return OrderedDict((i, Entering(masks[i], known[i])) for i in ids)

    def _output(self, labels: np.ndarray) -> dict[str, Any]:
        """What the host stores of a frame whose pixels [H, W] are the objects' numbers."""
        seen = {}
        for number, object_id in enumerate(self._ids, 1):
            box = mask_to_box(labels == number)
            seen[object_id] = box is not None
            if box is not None:
                self._boxes[object_id] = box.tolist()
            self._boxes.setdefault(object_id, [0.0, 0.0, 0.0, 0.0])
        values: dict[str, OrderedDict[str, Any]] = {
            "target_bbox": OrderedDict((i, self._boxes[i]) for i in self._ids),
            "object_presence_score": OrderedDict((i, float(seen[i])) for i in self._ids),
            "object_lost": OrderedDict((i, not seen[i]) for i in self._ids),
        }
        if not self._many:
            return {**{name: by_id[SINGLE] for name, by_id in values.items()}, "segmentation": labels}
        places = np.array([0, *map(int, self._ids)], np.uint8)
        return {**values, "segmentation": places[labels]}


def _resized(
    image: np.ndarray, objects: Mapping[str, Entering], size_hw: tuple[int, int]
) -> tuple[np.ndarray, OrderedDict[str, Entering]]:
    """A frame and its objects in another size."""
    factors = np.tile((size_hw[1] / image.shape[1], size_hw[0] / image.shape[0]), 2)
    whole = (size_hw[1], size_hw[0])
    moved = OrderedDict()
    for object_id, one in objects.items():
        mask = None if one.mask is None else cv2.resize(one.mask.astype(np.uint8), whole, None, 0, 0, 0) > 0
        moved[object_id] = Entering(mask, one.box * factors)
    way = cv2.INTER_LINEAR if size_hw[0] > image.shape[0] else cv2.INTER_AREA
    return cv2.resize(image, whole, interpolation=way), moved


def shrunk(image: np.ndarray, short_side: int) -> np.ndarray:
    """A frame [H, W, 3] whose shorter side is at most so many pixels."""
    height, width = image.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    return cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def labels_of(entering: Mapping[int, Entering], size_hw: tuple[int, int]) -> np.ndarray:
    """[h, w] uint8: the numbers of entering objects, at another size by nearest neighbour."""
    labels: np.ndarray | None = None
    for number, one in entering.items():
        assert one.mask is not None, "engines that are given boxes need no labels"
        labels = np.zeros(one.mask.shape, np.uint8) if labels is None else labels
        labels[one.mask] = number
    if labels is None:
        return np.zeros(size_hw, np.uint8)
    return np.asarray(cv2.resize(labels, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_NEAREST))
