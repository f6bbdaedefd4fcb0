"""Tracks objects in a user's video from their boxes on the first frame: `run_tracker.py --video`."""

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
from tracker_ext.video.result_tables import frame_names, given_csv


def track_video(
    tracker: Any,
    video: Path,
    boxes: Sequence[Sequence[float]],
    out: Path,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Track objects, write masks, boxes and an overlay video frame by frame, and print the speed and the folder.

    A frame that cannot be read is skipped: its masks are empty, and tracking continues after it.

    Args:
        tracker: a `TrackerHandle`, or another object with `tracker_class` and `get_parameters()`.
        video: a video file or a folder of pictures.
        boxes: (x, y, w, h) of each object on the first frame, in image pixels; the objects get the ids 1, 2, ...
        out: the output folder, which is changed only when everything is written; see `ClipWriter`.
        facts: the tracker, weights, device and precision, for `result.json`.

    Returns:
        A line about frames that could not be read; empty if there are none.

    Raises:
        UserError: the video or its first frame cannot be read, a box is invalid, there are too many boxes, the tracker
            gives no masks, or the folder cannot be written.
    """
    source = open_frames(video, upright=True)
    given = OrderedDict(first_boxes(boxes, source, video))
    source.frame(0)  # raises an error if the first frame cannot be read
    for remark in source.remarks():
        print(f"note: {remark}", file=sys.stderr)
    frames = PatientFrames(source)
    engine = build_tracker(tracker, several=len(given) > 1)
    num_frames, seconds = len(source), 0.0
    output: dict[str, Any] = {}
    with (
        ClipWriter(
            out,
            size=source.size,
            object_ids=[int(name) for name in given],
            fps=source.fps,
            inputs=[video],
            facts=facts,
            given=given_csv([(0, int(name), box) for name, box in given.items()], frame_names(source)),
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
            writer.add(source.stem(index), frame, labels, found, presence(output, list(given)) if index else None)
            progress.update()
    objects = counted(len(given), "object")
    num_tracked = num_frames - len(frames.unreadable)
    print(f"{counted(num_frames, 'frame')}, {objects}, {num_tracked / seconds:.1f} frames/s\nresults: {out}")
    return frames.report()


def first_info(boxes: Mapping[str, list[float]]) -> dict[str, Any]:
    """The `info` that the host gives to a tracker on the first frame, for one object or several.

    Args:
        boxes: [x, y, w, h] in image pixels by object id.
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
    """Convert a tracker's output to the form that is written.

    Args:
        output: the output, with `target_bbox` (a box, or one per id) and `segmentation` [H, W] (0 and 1, or ids) or
            None.
        ids: the ids of all objects.
        image_hw: (height, width) of the frame.

    Returns:
        Labels [H, W] uint8, and boxes [4] (x, y, w, h) in image pixels by object id.
    """
    segmentation = output.get("segmentation")
    labels = np.zeros(image_hw, np.uint8) if segmentation is None else np.asarray(segmentation).astype(np.uint8)
    found = output["target_bbox"]
    by_id = found if isinstance(found, Mapping) else {ids[0]: found}
    return labels, {int(name): np.asarray(by_id[name], dtype=np.float64) for name in ids}


def presence(output: Mapping[str, Any], ids: Sequence[str]) -> dict[int, float]:
    """Object id -> how sure the tracker is of its mask, 0 to 1, as far as it says so."""
    score = output.get("object_presence_score")
    by_id = score if isinstance(score, Mapping) else {ids[0]: score}
    return {int(name): float(found) for name in ids if (found := by_id.get(name)) is not None}


def _first_output(output: Mapping[str, Any] | None, given: OrderedDict[str, list[float]]) -> dict[str, Any]:
    """A tracker's output for the first frame; the given boxes are used if it has none."""
    boxes = given if len(given) > 1 else next(iter(given.values()))
    return {"target_bbox": boxes, **{key: value for key, value in (output or {}).items() if value is not None}}
