"""Tracks several objects with a tracker for single objects."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

import numpy as np

Output = dict[str, Any]


class MultiObjectWrapper:
    """Has the interface of a single tracker and uses one tracker per object; outputs have one value per object id.

    Args:
        base_tracker_class: the class of the tracker for single objects.
        params: its parameters; `segmentation_threshold` (0.5 by default) is used to merge masks.
        visdom: a display, which is passed to the trackers.
        fast_load: whether each tracker loads its network before the first frame, by `initialize_features`.
    """

    def __init__(self, base_tracker_class: type, params: Any, visdom: Any = None, fast_load: bool = False) -> None:
        self.base_tracker_class = base_tracker_class
        self.params = params
        self.visdom = visdom
        self.fast_load = fast_load
        self.trackers: OrderedDict[str, Any] = OrderedDict()
        self.initialized_ids: list[str] = []

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> Output | None:
        """Start the objects of the first frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            info: `init_object_ids`, `sequence_object_ids`, and `init_bbox` by object id and/or `init_mask`, an id mask.

        Returns:
            The merged output; None if there is no object yet.
        """
        self.trackers, self.initialized_ids = OrderedDict(), []
        outputs = self._start(image, info, {})
        return self._merge(outputs) if outputs else None

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> Output:
        """Track the known objects, then start those that first appear.

        `info` has the entries of `initialize`, and `previous_output`.
        """
        info = {} if info is None else info
        entering = _split(info) if info.get("init_object_ids") else {}
        if entering:
            info["init_other"] = next(iter(entering.values()))["init_other"]
        outputs: OrderedDict[str, Output] = OrderedDict()
        for object_id in self.initialized_ids:
            begin = time.perf_counter()
            output = self.trackers[object_id].track(image, info)
            outputs[object_id] = _with_defaults(output, {"time": time.perf_counter() - begin})
        if entering:
            outputs |= self._start(image, info, {"previous_output": info.get("previous_output", OrderedDict())})
        return self._merge(outputs)

    def _start(self, image: np.ndarray, info: dict[str, Any], further: dict[str, Any]) -> OrderedDict[str, Output]:
        outputs: OrderedDict[str, Output] = OrderedDict()
        for object_id, own_info in (_split(info) if info.get("init_object_ids") else {}).items():
            self.trackers[object_id] = self._new_tracker()
            begin = time.perf_counter()
            output = self.trackers[object_id].initialize(image, own_info | further)
            given = {
                "target_bbox": own_info.get("init_bbox"),
                "time": time.perf_counter() - begin,
                "segmentation": own_info.get("init_mask"),
            }
            outputs[object_id] = _with_defaults({} if output is None else output, given)
            self.initialized_ids.append(object_id)
        return outputs

    def _new_tracker(self) -> Any:
        tracker = self.base_tracker_class(self.params)
        tracker.visdom = self.visdom
        if self.fast_load and hasattr(tracker, "initialize_features"):
            tracker.initialize_features()
        return tracker

    def _merge(self, outputs: OrderedDict[str, Output]) -> Output:
        if not outputs:
            return OrderedDict()
        if hasattr(self.base_tracker_class, "merge_results"):
            return self.trackers[self.initialized_ids[0]].merge_results(outputs)
        merged: Output = OrderedDict()
        for key in dict.fromkeys(key for output in outputs.values() for key in output):
            if key != "segmentation":
                merged[key] = OrderedDict((i, output[key]) for i, output in outputs.items() if key in output)
        masks = [output.get("segmentation_soft", output.get("segmentation")) for output in outputs.values()]
        if all(mask is not None for mask in masks):
            threshold = getattr(self.params, "segmentation_threshold", 0.5)
            merged["segmentation"] = merge_masks(np.stack(masks), [int(i) for i in outputs], threshold)
        return merged


def merge_masks(scores: np.ndarray, object_ids: list[int], threshold: float) -> np.ndarray:
    """Assign each pixel to the object with the highest score, if that exceeds the threshold.

    Args:
        scores: [objects, H, W], 0..1.
        object_ids: the ids in the order of `scores`; of equal scores, the first object's counts.
        threshold: a pixel whose scores are not above it is background.

    Returns:
        [H, W] uint8 object ids, 0 for background.
    """
    winner = np.asarray(object_ids, dtype=np.uint8)[scores.argmax(axis=0)]
    return np.where(scores.max(axis=0) > threshold, winner, np.uint8(0))


def _split(info: dict[str, Any]) -> OrderedDict[str, dict[str, Any]]:
    """The info of each object that first appears; each has the boxes and masks of all of them as `init_other`."""
    others: OrderedDict[str, dict[str, Any]] = OrderedDict()
    for object_id in info["init_object_ids"]:
        others[object_id] = {}
        if "init_bbox" in info:
            others[object_id]["init_bbox"] = info["init_bbox"][object_id]
        if "init_mask" in info:
            others[object_id]["init_mask"] = (info["init_mask"] == int(object_id)).astype(np.uint8)
    common = {"sequence_object_ids": info["sequence_object_ids"], "init_other": others}
    return OrderedDict((i, {**own, **common, "object_ids": [i]}) for i, own in others.items())


def _with_defaults(output: Output, defaults: Output) -> Output:
    return {**output, **{key: value for key, value in defaults.items() if output.get(key) is None}}
