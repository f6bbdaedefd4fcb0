"""Our LWL tracker with ResNet-50 at 832 x 480 and pytracking's rules, against pytracking's own tracker."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.bench.measure import Pair, Row
from benchmarks.bench.upstream import networks, require_upstream, weight_file

IMAGE_HW = (480, 832)
BOXES = {"1": (60, 60, 170, 150), "2": (330, 120, 160, 160), "3": (560, 240, 200, 140)}
MEMORY = 32


def _frame(number: int) -> np.ndarray:
    """[H, W, 3] uint8 coarse noise, which is brighter inside the objects."""
    coarse = np.random.default_rng(number).integers(0, 128, (IMAGE_HW[0] // 16, IMAGE_HW[1] // 16, 3), dtype=np.uint8)
    frame = coarse.repeat(16, axis=0).repeat(16, axis=1)
    for x, y, w, h in BOXES.values():
        frame[y : y + h, x : x + w] += 120
    return frame


def _start(ids: list[str]) -> dict[str, Any]:
    labels = np.zeros(IMAGE_HW, np.uint8)
    for name in ids:
        x, y, w, h = BOXES[name]
        labels[y : y + h, x : x + w] = int(name)
    boxes = OrderedDict((name, [float(value) for value in BOXES[name]]) for name in ids)
    return {"init_bbox": boxes, "init_mask": labels, "init_object_ids": ids, "object_ids": ids,
            "sequence_object_ids": ids}  # fmt: skip


class Tracked:
    """A tracker that has tracked the first `frames` frames; each call tracks another one."""

    def __init__(self, tracker: Any, ids: list[str], frames: int) -> None:
        self._tracker = tracker
        self._last = tracker.initialize(_frame(0), _start(ids))
        self._count = 0
        for _ in range(frames):
            self()

    def __call__(self) -> None:
        self._count += 1
        self._last = self._tracker.track(_frame(self._count), {"previous_output": self._last})


def _theirs(ids: list[str], frames: int) -> Tracked:
    from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
    from pytracking.features.net_wrappers import NetWithBackbone
    from pytracking.tracker.lwl.lwl import LWL

    params = importlib.import_module("pytracking.parameter.lwl.lwl_ytvos").parameters()
    params.use_gpu, params.init_with_box = False, False
    mean = [102.9801, 115.9465, 122.7717]
    path = str(weight_file("lwl"))
    params.net = NetWithBackbone(path, use_gpu=False, image_format="bgr255", mean=mean, std=[1.0, 1.0, 1.0])
    params.net.initialize()
    params.net.initialize = lambda: None  # it is initialised only once for all objects
    return Tracked(MultiObjectWrapper(LWL, params), ids, frames)


def _ours(ids: list[str], frames: int) -> Tracked:
    from pytracking.utils import TrackerParams

    from tracker_ext.tracker.config import LWL_YTVOS
    from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

    params = TrackerParams()
    params.parts = LWLTrackerParts(networks("lwl")[0], replace(LWL_YTVOS, precision="float32"))  # type: ignore[arg-type]
    return Tracked(LWLTracker(params), ids, frames)


def _one_object(frames: int) -> Pair:
    require_upstream()
    return Pair(_ours(["1"], frames), _theirs(["1"], frames))


def _three_to_one() -> Pair:
    require_upstream()
    return Pair(_ours(list(BOXES), 0), _ours(["1"], 0))


ROWS = [
    Row("lwl tracker, one object, memory filling", "frame", "upstream", 1.8, lambda: _one_object(8)),
    Row("lwl tracker, one object, memory full", "frame", "upstream", 2.5, lambda: _one_object(MEMORY)),
    Row("lwl tracker, 3 objects : 1", "frame", "ourselves", 2.0, _three_to_one),
]
