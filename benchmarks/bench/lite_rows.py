"""Annotation and tracking with the networks in the repository, on generated clips."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any

import numpy as np

from benchmarks.bench.measure import Pair, Row, Work
from benchmarks.bench.upstream import choose_host
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate

IMAGE_HW = (360, 640)
SIDE = 90


@functools.cache
def _net() -> Box2MaskNet:
    return load_box2mask(device="cpu")


def _clip(length: int) -> np.ndarray:
    """[N, H, W, 3] uint8 frames of coarse noise."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (length, IMAGE_HW[0] // 20, IMAGE_HW[1] // 20, 3), dtype=np.uint8)
    return coarse.repeat(20, axis=1).repeat(20, axis=2)


def _box(number: int) -> list[float]:
    """The box (x, y, w, h) in pixels of an object; the boxes of neighbouring numbers overlap."""
    return [20.0 + 75 * number, 40.0 + 25 * number, SIDE, SIDE]


def _annotation(length: int, objects: int = 1, mode: str = "strided", num_frames: int = 5) -> Work:
    frames = _clip(length)
    tracks = {number + 1: np.tile(_box(number), (length, 1)) for number in range(objects)}
    config = AnnotateConfig(num_frames=num_frames, mode=mode)  # type: ignore[arg-type]
    return lambda: list(annotate(frames, tracks, _net(), config))


def _tracking(objects: int) -> Work:
    """Tracks objects through ten frames after the first."""
    choose_host()
    from tracker_ext.tracker_handle import TrackerHandle

    handle, frames = TrackerHandle("lwl", "box2mask_init"), _clip(11)
    tracker = handle.tracker_class(handle.get_parameters())
    ids = [str(number + 1) for number in range(objects)]
    info: dict[str, Any] = {"init_bbox": OrderedDict((i, _box(int(i) - 1)) for i in ids), "init_object_ids": ids}

    def work() -> None:
        tracker.initialize(frames[0], info if objects > 1 else {"init_bbox": _box(0)})
        for frame in frames[1:]:
            tracker.track(frame)

    return work


ROWS = [
    *(
        Row(f"lite annotation, T = {num_frames}, {mode}", "frame", "nothing", target,
            lambda t=num_frames, m=mode: Pair(_annotation(20, 1, m, t), None, 20))
        for num_frames, mode, target in ((5, "strided", None), (5, "centred", None), (9, "centred", None))
    ),
    Row("lite annotation, 7 objects : 1", "frame", "ourselves", 4.0,
        lambda: Pair(_annotation(10, 7), _annotation(10), 10, 10)),
    Row("lite annotation, 100 frames : 75", "frame", "ourselves", 1.05,
        lambda: Pair(_annotation(100), _annotation(75), 100, 75)),
    Row("lite tracker", "frame", "nothing", None, lambda: Pair(_tracking(1), None, 10)),
    Row("lite tracker, 4 objects : 1", "frame", "ourselves", 2.5, lambda: Pair(_tracking(4), _tracking(1), 10, 10)),
]  # fmt: skip
