"""Objects are followed through frames without boxes, from masks of frames with boxes: `run_annotate.py --follow`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_ext.segmentation.prepare import PreparedBoxes, has_box
from tracker_ext.tracker.box_to_mask import MIN_FILL
from tracker_ext.tracker.mask_tracker import SINGLE


@dataclass(frozen=True)
class _Known:
    """An object on the last frame that has a box."""

    frame: np.ndarray
    """[H, W, 3] uint8 RGB."""
    mask: np.ndarray
    """[H, W] bool."""
    box: np.ndarray
    """[4] (x, y, w, h)."""


class Follower:
    """See `Follow`. Each object has a tracker of its own, from the last frame with a box to the next one."""

    def __init__(self, make_tracker: Callable[[], Any], prepared: PreparedBoxes) -> None:
        """Prepare.

        Args:
            make_tracker: makes a tracker of one object that takes a box or a known mask, such as an `LWLTracker`.
            prepared: the boxes, and the frames that are to be followed.
        """
        self._make_tracker, self._boxes, self._follows = make_tracker, prepared.boxes, prepared.follows
        self._boxed = {object_id: has_box(track) for object_id, track in prepared.boxes.items()}
        self._known: dict[int, _Known] = {}
        self._trackers: dict[int, Any] = {}

    def __call__(self, index: int, frame: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """See `Follow`; where objects that are followed overlap, the one with the higher score gets the pixels."""
        found = []
        for object_id, follows in self._follows.items():
            if self._boxed[object_id][index]:
                self._known[object_id] = _Known(frame, labels == object_id, self._boxes[object_id][index])
                self._trackers.pop(object_id, None)
            elif follows[index] and object_id in self._known:
                output = self._tracker(object_id).track(frame, {})
                found.append((float(output["object_presence_score"]), object_id, output["segmentation"] > 0))
        joint = labels.copy()
        for _, object_id, mask in sorted(found, key=lambda one: one[:2]):
            joint[mask & (labels == 0)] = object_id
        return joint

    def _tracker(self, object_id: int) -> Any:
        """The tracker of an object since its last box; it is started at its first use."""
        if object_id not in self._trackers:
            known = self._known[object_id]
            usable = np.count_nonzero(known.mask) >= MIN_FILL * known.box[2] * known.box[3]
            info = {"init_bbox": known.box.tolist(), "init_mask": known.mask.astype(np.uint8)}
            tracker = self._make_tracker()
            tracker.initialize(known.frame, {**info, "known_masks": [SINGLE] if usable else []})
            self._trackers[object_id] = tracker
        return self._trackers[object_id]
