"""Track objects through a video of one's own from their boxes on the first frame: `run_tracker.py --video`."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.tracker.for_video import build_tracker
from tracker_ext.video.box_argument import first_boxes
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.frames import open_frames
from tracker_ext.video.patient import PatientFrames


def track_video(
    tracker: Any,
    video: Path,
    boxes: Sequence[Sequence[float]],
    out: Path,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Track and write masks, boxes and an overlay video, frame by frame; prints where and how fast.

    A frame that cannot be read is passed over: its masks are empty, and tracking goes on behind it.

    Args:
        tracker: a `TrackerHandle`, or what has its `tracker_class` and `get_parameters()`.
        video: a video file or a folder of pictures.
        boxes: (x, y, w, h) of each object on the first frame, image pixels; the objects get ids 1, 2, ...
        out: output folder, changed only when everything is written. See `ClipWriter`.
        facts: with what it is tracked, for `result.json`.

    Returns:
        A line about frames that could not be read; empty if all could.

    Raises:
        UserError: unreadable video or first frame, a bad box, too many boxes, a tracker without masks, an unwritable
            folder.
    """
    source = open_frames(video, upright=True)
    given = OrderedDict(first_boxes(boxes, source, video))
    source.frame(0)  # without it there is nothing to track
    for remark in source.remarks():
        print(f"note: {remark}", file=sys.stderr)
    frames = PatientFrames(source)
    engine = build_tracker(tracker, several=len(given) > 1)
    num_frames, seconds = len(source), 0.0
    output: dict[str, Any] = {}
    with (
        ClipWriter(
            out, size=source.size, object_ids=[int(name) for name in given], fps=source.fps, inputs=[video], facts=facts
        ) as writer,
        Progress(total=num_frames, desc=source.name, unit="frame") as progress,
    ):
        for index, frame in enumerate(frames):
            start = time.perf_counter()
            if index in frames.unreadable:
                writer.add(
                    source.stem(index), frame, np.zeros(source.size, np.uint8), {int(name): None for name in given}
                )
                progress.update()
                continue
            if index == 0:
                output = _first_output(engine.initialize(frame, first_info(given)), given)
            else:
                output = engine.track(frame, {"previous_output": OrderedDict(output)})
                if output.get("segmentation") is None:
                    raise UserError(f"tracker {type(engine).__name__} gives no masks; choose one that does, as lwl")
            seconds += time.perf_counter() - start
            labels, found = frame_result(output, list(given), source.size)
            writer.add(source.stem(index), frame, labels, found)
            progress.update()
    objects = counted(len(given), "object")
    num_tracked = num_frames - len(frames.unreadable)
    print(f"{counted(num_frames, 'frame')}, {objects}, {num_tracked / seconds:.1f} frames/s\nresults: {out}")
    return frames.report()


def first_info(boxes: Mapping[str, list[float]]) -> dict[str, Any]:
    """What the host tells a tracker on the first frame, for one object or several.

    Args:
        boxes: object id -> [x, y, w, h].
    """
    if len(boxes) == 1:
        return {"init_bbox": next(iter(boxes.values()))}
    ids = list(boxes)
    return {
        "init_bbox": OrderedDict(boxes),
        "init_object_ids": ids,
        "object_ids": ids,
        "sequence_object_ids": ids,
    }


def frame_result(
    output: Mapping[str, Any], ids: Sequence[str], image_hw: tuple[int, int]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Bring a tracker's output into the form that is written.

    Args:
        output: `target_bbox`, one box or one per id; `segmentation` [H, W], 0/1 or ids, or None.
        ids: of all objects.
        image_hw: (height, width).

    Returns:
        Labels [H, W] uint8, and object id -> [4] (x, y, w, h).
    """
    segmentation = output.get("segmentation")
    labels = np.zeros(image_hw, np.uint8) if segmentation is None else np.asarray(segmentation).astype(np.uint8)
    found = output["target_bbox"]
    by_id = found if isinstance(found, Mapping) else {ids[0]: found}
    return labels, {int(name): np.asarray(by_id[name], dtype=np.float64) for name in ids}


def _first_output(output: Mapping[str, Any] | None, given: OrderedDict[str, list[float]]) -> dict[str, Any]:
    """A tracker's answer for the first frame, completed by what was given."""
    boxes = given if len(given) > 1 else next(iter(given.values()))
    return {"target_bbox": boxes, **{key: value for key, value in (output or {}).items() if value is not None}}
