"""Drives a tracker with boxes and masks on any frame: where an object enters, and where it has to be corrected."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.segmentation.prompts import Prompts
from tracker_ext.tracker.for_video import build_tracker
from tracker_ext.tracker.mask_tracker import SINGLE


@dataclass(frozen=True)
class Prompt:
    """A box or mask that is given for an object on a frame."""

    box: np.ndarray
    """[4] (x, y, w, h), image pixels."""
    mask: np.ndarray | None = None
    """[H, W] bool, not empty."""


Told = Mapping[int, Prompt]
"""The prompts of one frame by object id."""


def prompts_by_frame(prompts: Prompts) -> dict[int, dict[int, Prompt]]:
    """The prompts by frame and object id, both ascending."""
    found: dict[int, dict[int, Prompt]] = {}
    for object_id, boxes in sorted(prompts.boxes.items()):
        for frame, box in boxes.items():
            mask = prompts.masks.get(object_id, {}).get(frame)
            found.setdefault(frame, {})[object_id] = Prompt(np.asarray(box, dtype=np.float64), mask)
    return dict(sorted(found.items()))


class PromptedTracker:
    """Drives a tracker over the frames of a clip. Before its first prompt, an object's mask is empty."""

    def __init__(self, tracker: Any, ids: Sequence[int], size: tuple[int, int], corrects: bool = False) -> None:
        """Build the tracker.

        Args:
            tracker: a `TrackerHandle`, or another object with `tracker_class` and `get_parameters()`.
            ids: the ids of all objects.
            size: (height, width) of the frames.
            corrects: whether an object has prompts on more than one frame.

        Raises:
            UserError: the tracker does not support such corrections.
        """
        self._ids, self._size = list(ids), size
        self._several = len(self._ids) > 1
        self._takes_corrections = getattr(tracker.tracker_class, "takes_corrections", False)
        if corrects and self._several and not self._takes_corrections:
            raise UserError(
                f"tracker {tracker.tracker_class.__name__} cannot be corrected on later frames where there are several "
                "objects; give one box of each, or choose lwl box2mask_init"
            )
        self._engine = build_tracker(tracker, self._several)
        self._known: set[int] = set()
        self._output: dict[str, Any] = {}

    def step(self, frame: np.ndarray, told: Told) -> tuple[np.ndarray, dict[int, np.ndarray | None], dict[int, float]]:
        """Track the objects in the next frame.

        Args:
            frame: [H, W, 3] uint8 RGB.
            told: the prompts of this frame.

        Returns:
            Labels [H, W] uint8, whose pixel values are object ids; boxes [4] (x, y, w, h) in image pixels by object
            id, None before the object's first prompt; and, of objects that were searched for, the score of the mask,
            0 to 1, by object id, as far as the tracker gives one.

        Raises:
            UserError: the tracker gives no masks, or see `MaskTracker.initialize`.
        """
        again = bool(self._known) and bool(told) and not self._takes_corrections and not self._several
        if not self._known and not told:
            return np.zeros(self._size, np.uint8), dict.fromkeys(self._ids), {}
        info = self._info(told) if told else {}
        if not self._known or again:
            self._output = self._first_output(self._engine.initialize(frame, info), info)
        else:
            self._output = self._engine.track(frame, {"previous_output": OrderedDict(self._output), **info})
            if self._output.get("segmentation") is None:
                raise UserError(f"tracker {type(self._engine).__name__} gives no masks; choose one that does, as lwl")
        self._known |= told.keys()
        labels, boxes = self._result()
        return labels, boxes, {i: score for i, score in self._scores().items() if i not in told}

    def _info(self, told: Told) -> dict[str, Any]:
        """The `info` that the host would give, for one object or several; our trackers also read `known_masks`."""
        names = {object_id: str(object_id) if self._several else SINGLE for object_id in told}
        boxes = OrderedDict((names[i], prompt.box.tolist()) for i, prompt in told.items())
        info: dict[str, Any] = {"init_bbox": boxes if self._several else next(iter(boxes.values()))}
        info["known_masks"] = [names[i] for i, prompt in told.items() if prompt.mask is not None]
        if info["known_masks"]:
            info["init_mask"] = np.zeros(self._size, np.uint8)
            for object_id, prompt in told.items():
                if prompt.mask is not None:
                    info["init_mask"][prompt.mask] = int(names[object_id])
        if self._several:
            everyone = [str(object_id) for object_id in self._ids]
            info |= {"init_object_ids": list(boxes), "object_ids": list(boxes), "sequence_object_ids": everyone}
        return info

    def _first_output(self, output: Mapping[str, Any] | None, info: Mapping[str, Any]) -> dict[str, Any]:
        """A tracker's output for the first frame; what was given is used where it has none."""
        given = {"target_bbox": info["init_bbox"], "segmentation": info.get("init_mask")}
        return {**given, **{key: value for key, value in (output or {}).items() if value is not None}}

    def _scores(self) -> dict[int, float]:
        """The scores of the masks in the last output by object id."""
        score = self._output.get("object_presence_score")
        by_id = score if isinstance(score, Mapping) else {str(self._ids[0]): score}
        known = {i: by_id.get(str(i)) for i in self._ids}
        return {i: float(score) for i, score in known.items() if score is not None}

    def _result(self) -> tuple[np.ndarray, dict[int, np.ndarray | None]]:
        """The last output, in the form that is written."""
        segmentation, found = self._output.get("segmentation"), self._output["target_bbox"]
        labels = np.zeros(self._size, np.uint8) if segmentation is None else np.asarray(segmentation).astype(np.uint8)
        if not self._several:
            (only,) = self._ids
            return labels * np.uint8(only), {only: np.asarray(found, dtype=np.float64)}
        boxes: dict[int, np.ndarray | None] = {}
        for object_id in self._ids:
            box = found.get(str(object_id))
            boxes[object_id] = None if box is None else np.asarray(box, dtype=np.float64)
        return labels, boxes
