"""Sequences, on which a tracker is run."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from pytracking.evaluation.environment import env_settings
from pytracking.evaluation.images import read_labels

Boxes = np.ndarray | dict[str, np.ndarray]


class BaseDataset:
    """Base class of data sets; subclasses define `get_sequence_list` and `__len__`."""

    def __init__(self) -> None:
        self.env_settings = env_settings()

    def __len__(self) -> int:
        raise NotImplementedError

    def get_sequence_list(self) -> SequenceList:
        """The list of all sequences."""
        raise NotImplementedError


class Sequence:
    """A video with its annotation, which starts on the frame where the first object appears.

    Args:
        name: name of the sequence, unique in the data set.
        frames: paths of the pictures, in order.
        dataset: name of the data set.
        ground_truth_rect: [F, 4] boxes (x, y, w, h) in pixels, or one such array per object id.
        ground_truth_seg: paths of id masks; None for frames without one.
        init_data: {`bbox`, `mask` (path), `object_ids`} by frame, for the frames where objects first appear. None means
            that all objects appear on frame 0, with the ground truth.
        object_class: name of the object's class.
        target_visible: [F] bool.
        object_ids: ids as strings, which are the values in the masks.
        multiobj_mode: whether boxes are given per object id.

    Raises:
        ValueError: there are boxes per object id, but `multiobj_mode` is false.
    """

    def __init__(
        self,
        name: str,
        frames: list[str],
        dataset: str,
        ground_truth_rect: Boxes | None,
        ground_truth_seg: list[str | None] | None = None,
        init_data: dict[int, dict[str, Any]] | None = None,
        object_class: str | None = None,
        target_visible: np.ndarray | None = None,
        object_ids: list[str] | None = None,
        multiobj_mode: bool = False,
    ) -> None:
        self.name = name
        self.dataset = dataset
        self.object_class = object_class
        self.object_ids = object_ids
        self.multiobj_mode = multiobj_mode
        given = {0: _entry_from_ground_truth(ground_truth_rect, ground_truth_seg, object_ids)}
        entries = given if init_data is None else init_data
        start = min(entries)
        self.init_data = {frame - start: self._checked(entry) for frame, entry in sorted(entries.items())}
        self.frames = frames[start:]
        self.ground_truth_rect = _from(start, ground_truth_rect)
        self.ground_truth_seg = None if ground_truth_seg is None else ground_truth_seg[start:]
        self.target_visible = None if target_visible is None else target_visible[start:]

    def _checked(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The entry with boxes as lists; that of a single-object sequence has one box instead of a dict."""
        entry = {key: value for key, value in entry.items() if value is not None}
        box = entry.get("bbox")
        if isinstance(box, dict) and self.multiobj_mode:
            entry["bbox"] = OrderedDict((object_id, _as_list(one)) for object_id, one in box.items())
        elif isinstance(box, dict):
            if self.object_ids is None or len(self.object_ids) != 1:
                raise ValueError(f"{self.name}: boxes of {sorted(box)}, but single-object mode; set multiobj_mode")
            entry["bbox"] = _as_list(box[self.object_ids[0]])
        elif box is not None:
            entry["bbox"] = _as_list(box)
        return entry

    def init_info(self) -> dict[str, Any]:
        """`frame_info(0)`."""
        return self.frame_info(0)

    def frame_info(self, frame_num: int) -> dict[str, Any]:
        """The info that a tracker gets on a frame: the entry of `init_data` with the prefix `init_` and a loaded mask.

        It is empty if no object first appears on the frame. In single-object mode with an object id, the mask is 0 or 1.
        """
        if frame_num not in self.init_data:
            return {}
        info: dict[str, Any] = {f"init_{key}": value for key, value in self.init_data[frame_num].items()}
        if "init_mask" in info:
            labels = read_labels(info["init_mask"])
            if not self.multiobj_mode and self.object_ids is not None:
                labels = (labels == int(self.object_ids[0])).astype(np.uint8)
            info["init_mask"] = labels
        if self.object_ids is not None:
            info["object_ids"] = self.object_ids
            info["sequence_object_ids"] = self.object_ids
        return info

    def __repr__(self) -> str:
        return f"Sequence {self.name}, length={len(self.frames)} frames"


class SequenceList(list):
    """A list of sequences that can be indexed by number, name, slice or list of numbers."""

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            for sequence in self:
                if sequence.name == item:
                    return sequence
            raise IndexError(f"no sequence {item!r} in the data set")
        if isinstance(item, (list, tuple)):
            return SequenceList(super(SequenceList, self).__getitem__(i) for i in item)
        found = super().__getitem__(item)
        return SequenceList(found) if isinstance(item, slice) else found

    def __add__(self, other: list) -> SequenceList:  # type: ignore[override]
        return SequenceList(super().__add__(other))


def _as_list(box: Any) -> list[float]:
    return np.asarray(box, dtype=np.float64).tolist()


def _from(start: int, boxes: Boxes | None) -> Boxes | None:
    if isinstance(boxes, dict):
        return OrderedDict((object_id, one[start:]) for object_id, one in boxes.items())
    return None if boxes is None else boxes[start:]


def _entry_from_ground_truth(
    boxes: Boxes | None, masks: list[str | None] | None, object_ids: list[str] | None
) -> dict[str, Any]:
    """The entry of `init_data` for sequences whose objects all appear on frame 0."""
    first: Any = None
    if isinstance(boxes, dict):
        first = OrderedDict((object_id, one[0]) for object_id, one in boxes.items())
    elif boxes is not None:
        first = boxes[0]
    return {"bbox": first, "mask": masks[0] if masks else None, "object_ids": object_ids}
