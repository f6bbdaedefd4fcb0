"""The common part of our mask trackers: search each object in a crop, let the objects compete, return masks and boxes.

Each kind of tracker derives from `MaskTracker` and defines how an object is learnt, segmented, and remembered.

Shapes: O objects, H x W image pixels, Hc x Wc crop pixels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams
from torch import Tensor, nn

from ltr_ext.device import Precision, uses_bfloat16
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT
from tracker_ext.tracker.box_to_mask import boxes_to_masks
from tracker_ext.tracker.config import TrackerConfig
from tracker_ext.tracker.places import Places, SearchCrop
from tracker_ext.tracker.small_parts import drop_small_parts
from tracker_ext.tracker.target import TrackedObject

SINGLE = "1"
"""The id that we give to the object of a sequence without ids."""
NEEDS_MASK = "no mask of the first frame: these parameters start from one; use lwl box2mask_init"


@dataclass(frozen=True)
class TrackerParts:
    """The contents of `params.parts`, which the parameter module sets."""

    net: Any
    """The network of the tracker, in evaluation mode."""
    config: TrackerConfig
    """The options of the tracker."""
    box_net: Box2MaskNet | None = None
    """The network that makes masks from boxes. It is needed if `config.start` is "box", and if it is "given" for
    objects without a mask."""

    def __post_init__(self) -> None:
        if self.config.start == "box" and self.box_net is None:
            raise ValueError('start "box" needs a box_net')

    @property
    def precision(self) -> str:
        """The precision that is used on the network's device, "fp32" or "bf16"."""
        device = next(self.net.parameters()).device
        return "bf16" if uses_bfloat16(self.config.precision, device) else "fp32"

    def with_precision(self, precision: Precision) -> Self:
        """A copy with another precision."""
        return self.with_changes(precision=precision)

    def with_changes(self, **changes: Any) -> Self:
        """A copy with other values of some fields of the configuration."""
        return replace(self, config=replace(self.config, **changes))


@dataclass(frozen=True)
class Seen:
    """The result for an object on a frame."""

    mask: np.ndarray
    """[H, W] bool."""
    score: float
    """Mean probability of the mask's pixels."""
    probabilities: np.ndarray
    """[H, W] float32."""
    in_crop: Tensor
    """[Hc, Wc] float32 probabilities in the object's crop."""


Target = TypeVar("Target", bound=TrackedObject)


class MaskTracker(BaseTracker, Generic[Target]):
    """Abstract class of trackers of one object or several.

    The host gives all objects of a sequence to one tracker (`multiobj_mode` "default"), and their masks compete for
    pixels. Outputs have one value, or one per object id if the sequence has ids: `target_bbox` (x, y, w, h) in image
    pixels, `object_presence_score` (mean probability of the mask's pixels; 0 if the mask is empty) and `object_lost`
    (whether `target_bbox` is that of an earlier frame); and `segmentation` [H, W] uint8, whose values are 0 and 1, or
    object ids.

    Args:
        params: the host's parameters, with `TrackerParts` as `parts`.
        places: the rules for search regions and competition.
    """

    multiobj_mode = "default"
    takes_corrections = True
    """Whether `track` takes a box or mask of an object that is tracked already: see `prompted.py`."""

    def __init__(self, params: TrackerParams, places: Places) -> None:
        super().__init__(params)
        parts: TrackerParts = params.parts
        self._box_net = parts.box_net
        self._config = parts.config
        self._places = places
        self._net: nn.Module = parts.net
        self._device = next(parts.net.parameters()).device
        self._bfloat16 = uses_bfloat16(parts.config.precision, self._device)
        self._targets: OrderedDict[str, Target] = OrderedDict()
        self._many = False
        self._image_hw = (0, 0)

    @property
    def crop_hw(self) -> tuple[int, int]:
        """(Hc, Wc)."""
        raise NotImplementedError

    def learn(self, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> Target:
        """Learn an object from its first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            mask: [H, W] bool, not empty.
            box: the given box (x, y, w, h) in image pixels; None if only the mask was given.
        """
        raise NotImplementedError

    def correct(self, target: Target, image: np.ndarray, mask: np.ndarray, box: np.ndarray | None) -> Target:
        """Correct an object whose mask is known on a later frame; by default it starts anew.

        Args:
            target: the object as it was tracked so far.
            image, mask, box: see `learn`.

        Returns:
            The object to track from here on.
        """
        return self.learn(image, mask, box)

    def segment(self, image: np.ndarray, targets: Sequence[Target], crops: Sequence[SearchCrop]) -> Tensor:
        """The logits [O, Hc, Wc] of all objects in their crops of the next frame [H, W, 3] uint8 RGB."""
        raise NotImplementedError

    def remember(self, image: np.ndarray, targets: Sequence[Target], found: Sequence[Seen]) -> None:
        """Learn from the frame that was segmented last; the targets have been updated with its masks already."""
        raise NotImplementedError

    def predicts_segmentation_mask(self) -> bool:
        """True, so that the VOT toolkit gets masks."""
        return True

    @property
    def starts_from(self) -> str:
        """What `initialize` should be given, "mask" or "box"."""
        return "box" if self._config.start == "box" else "mask"

    @torch.inference_mode()
    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Start on the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: the dict of the host, with `init_bbox` and/or `init_mask`, for several objects also `init_object_ids`.

        Raises:
            UserError: the mask or box from which the tracker starts is missing, the mask is empty, or the box is
                invalid.
        """
        self._targets.clear()
        # A single object may have an id, too, so only the form of the boxes tells several objects from one.
        self._many = isinstance(info["init_bbox"], Mapping) if "init_bbox" in info else "init_object_ids" in info
        self._image_hw = image.shape[:2]
        self._enter(image, info)
        return self._output()

    @torch.inference_mode()
    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the objects in the next frame, then start those that first appear in it.

        A frame whose size differs from that of the last one is assumed to show the same view at another resolution, as
        in two clips of GOT-10k. Outputs have the size of their frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: the `init_...` entries of objects that first appear, or that are corrected: these are not searched
                for. Other entries are ignored.

        Raises:
            UserError: see `initialize`.
        """
        if image.shape[:2] != self._image_hw:
            for target in self._targets.values():
                target.resize(image.shape[:2])
            self._image_hw = image.shape[:2]
        enters = info is not None and ("init_bbox" in info or "init_mask" in info)
        self._follow(image, but=self._ids_of(info) if info is not None and enters else ())
        if info is not None and enters:
            self._enter(image, info)
        return self._output()

    def _follow(self, image: np.ndarray, but: Collection[str] = ()) -> None:
        """Segment the known objects, except those in `but`, then learn from the masks."""
        targets = [target for object_id, target in self._targets.items() if object_id not in but]
        if not targets:
            return
        crops = [target.state.crop(self._image_hw, self.crop_hw, self._config) for target in targets]
        found = self._merge(self.segment(image, targets, crops), crops)
        for target, seen in zip(targets, found, strict=True):
            target.observe(seen.mask, seen.score, seen.probabilities)
        self.remember(image, targets, found)

    def _merge(self, logits: Tensor, crops: Sequence[SearchCrop]) -> list[Seen]:
        """Let the objects compete for the pixels of the image.

        Args:
            logits: [O, Hc, Wc].
            crops: the crop of each object.
        """
        on_host = logits.cpu().numpy()
        pasted = np.stack([
            crop.paste(values, self._image_hw, BACKGROUND_LOGIT) for crop, values in zip(crops, on_host, strict=True)
        ])  # fmt: skip
        labels, probabilities = (part.numpy() for part in self._places.merge(torch.from_numpy(pasted)))
        found = []
        for row, crop in enumerate(crops):
            mask = drop_small_parts(labels == row + 1, self._config.min_part)
            score = float(probabilities[row][mask].mean()) if mask.any() else 0.0
            unchanged = len(crops) == 1 and self._places.lone_object_is_final
            in_crop = logits[row].sigmoid() if unchanged else self.to_device(crop.cut_mask(probabilities[row]))
            found.append(Seen(mask, score, probabilities[row], in_crop))
        return found

    def _enter(self, image: np.ndarray, info: dict[str, Any]) -> None:
        """Start or correct the objects in `info`; the pixels of their masks are removed from those of the others."""
        masks = self._first_masks(image, info)
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
            known = self._targets.get(object_id)
            self._targets[object_id] = (
                self.learn(image, mask, box) if known is None else self.correct(known, image, mask, box)
            )

    def _ids_of(self, info: Mapping[str, Any]) -> list[str]:
        """The ids of the objects in `info`."""
        return list(info.get("init_object_ids", info.get("init_bbox", {}))) if self._many else [SINGLE]

    def _first_masks(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, np.ndarray]:
        """Masks [H, W] bool by object id, from the mask or the boxes in `info`.

        The configuration says which of them is used; the ids in `known_masks`, if that is there, have precedence.
        """
        ids = self._ids_of(info)
        start = self._config.start
        if "known_masks" in info:  # a person's masks are used whatever the configuration says
            from_mask = [object_id for object_id in ids if object_id in info["known_masks"]]
        elif start == "given":
            from_mask = [] if info.get("init_mask") is None else ids
        else:
            from_mask = ids if start == "mask" else []
        masks = self._given_masks(info, from_mask) if from_mask else {}
        from_box = [object_id for object_id in ids if object_id not in masks]
        if from_box:
            made = self._masks_from_boxes(image, info, from_box)
            known = np.any([*masks.values()], axis=0) if masks else np.zeros(self._image_hw, dtype=bool)
            masks |= {i: mask & ~known if (mask & ~known).any() else mask for i, mask in made.items()}
        return {object_id: masks[object_id] for object_id in ids}

    def _given_masks(self, info: dict[str, Any], ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Masks [H, W] bool by object id, from the mask of the host."""
        if info.get("init_mask") is None:
            raise UserError(NEEDS_MASK)
        given = np.asarray(info["init_mask"])
        if given.shape != self._image_hw:
            raise UserError(f"mask of the first frame: shape {given.shape}, the image has {self._image_hw}")
        return {object_id: given == int(object_id) if self._many else given > 0 for object_id in ids}

    def _masks_from_boxes(self, image: np.ndarray, info: dict[str, Any], ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Masks [H, W] bool by object id, made from the boxes of the host."""
        if info.get("init_bbox") is None:
            raise UserError("no box of the first frame: these parameters start from one; use lwl default")
        if self._box_net is None and self._config.start == "mask":
            raise UserError(NEEDS_MASK)
        if self._box_net is None:
            raise UserError(
                "no mask of the first frame, and no box2mask network to make one of the box: train it with python "
                "run_training.py box2mask default, or name its weight file with a further --weights FILE"
            )
        boxes = info["init_bbox"] if self._many else {SINGLE: info["init_bbox"]}
        numbered = {
            place: np.asarray(boxes[object_id], dtype=np.float64) for place, object_id in enumerate(ids, start=1)
        }
        masks = self.masks_of_boxes(image, numbered, self._box_net)
        return {object_id: masks[place] for place, object_id in enumerate(ids, start=1)}

    def masks_of_boxes(
        self, image: np.ndarray, boxes: dict[int, np.ndarray], box_net: Box2MaskNet
    ) -> dict[int, np.ndarray]:
        """Masks [H, W] bool by id that box2mask makes from the boxes (x, y, w, h) of a frame, in image pixels."""
        config = AnnotateConfig(num_frames=1, scale=self._config.box_scale, precision=self._config.precision)
        return boxes_to_masks(image, boxes, box_net, config)

    def pictures(self, image: np.ndarray, crops: Sequence[SearchCrop]) -> Tensor:
        """Cut the crops from an image, as [O, 3, Hc, Wc] float32 RGB, 0 to 255, on the network's device."""
        return self.batch([crop.cut(image) for crop in crops])

    def batch(self, pictures: Sequence[np.ndarray]) -> Tensor:
        """[O, 3, Hc, Wc] float32 RGB, 0-255, of pictures [Hc, Wc, 3] uint8."""
        return torch.from_numpy(np.stack(pictures)).to(self._device).permute(0, 3, 1, 2).float()

    def to_device(self, values: np.ndarray) -> Tensor:
        """Move an array to the network's device, as float32."""
        return torch.from_numpy(values).to(self._device, torch.float32)

    def _output(self) -> dict[str, Any]:
        """The output for the current frame, which the host stores."""
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
