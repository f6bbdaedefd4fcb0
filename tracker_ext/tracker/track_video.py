"""Tracks objects in a user's video from boxes and masks of single frames: `run_tracker.py --video`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.segmentation.prompts import Prompts, check_prompts
from tracker_ext.tracker.prompted import PromptedTracker, prompts_by_frame
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.frames import FrameSource, VideoFrames, open_frames
from tracker_ext.video.patient import PatientFrames
from tracker_ext.video.result_tables import frame_names, given_csv


def track_video(
    tracker: Any,
    video: Path,
    prompts: Prompts,
    out: Path,
    facts: Mapping[str, Any] | None = None,
    masks: Sequence[Path] = (),
) -> str:
    """Track objects, write masks, boxes and an overlay video frame by frame, and print the speed and the folder.

    An object is tracked from its first box or mask on; before that its masks are empty. A later box or mask corrects
    it: that mask is kept, and tracking continues from it. A frame that cannot be read is skipped: its masks are empty,
    and tracking continues after it.

    Args:
        tracker: a `TrackerHandle`, or another object with `tracker_class` and `get_parameters()`.
        video: a video file or a folder of pictures.
        prompts: the boxes and masks of the objects, in image pixels; see `read_prompts`.
        out: the output folder, which is changed only when everything is written; see `ClipWriter`.
        facts: the tracker, weights, device and precision, for `result.json`.
        masks: the mask files from which the prompts were read.

    Returns:
        A line about frames that could not be read; empty if there are none.

    Raises:
        UserError: the video or a frame with a box or mask cannot be read, a box is invalid, an object id is too large,
            the tracker gives no masks, or the folder cannot be written.
    """
    source = open_frames(video, upright=True)
    check_prompts(prompts, source.size, f"video {video}")
    told = prompts_by_frame(prompts)
    refuse_unreadable(source, told)
    for remark in source.remarks():
        print(f"note: {remark}", file=sys.stderr)
    frames = PatientFrames(source)
    ids = sorted(prompts.boxes)
    corrects = any(len(given) > 1 for given in prompts.boxes.values())
    rows = [(frame, i, prompt.box) for frame, prompts_here in told.items() for i, prompt in prompts_here.items()]
    if prompts.masks:
        facts = {**(facts or {}), "known": {str(i): sorted(known) for i, known in prompts.masks.items()}}
    engine = PromptedTracker(tracker, ids, source.size, corrects)
    num_frames, num_tracked, seconds = len(source), 0, 0.0
    with (
        ClipWriter(
            out,
            size=source.size,
            object_ids=ids,
            fps=source.fps,
            inputs=[video, *masks],
            facts=facts,
            given=given_csv(rows, frame_names(source)),
        ) as writer,
        Progress(total=num_frames, desc=source.name, unit="frame") as progress,
    ):
        for index, frame in enumerate(frames):
            labels = np.zeros(source.size, np.uint8)
            found: dict[int, np.ndarray | None] = dict.fromkeys(ids)
            sure: dict[int, float] = {}
            if index not in frames.unreadable:
                start = time.perf_counter()
                labels, found, sure = engine.step(frame, told.get(index, {}))
                if index >= min(told):
                    seconds, num_tracked = seconds + time.perf_counter() - start, num_tracked + 1
            writer.add(source.stem(index), frame, labels, found, sure)
            progress.update()
    parts = [counted(num_frames, "frame"), counted(len(ids), "object"), f"{num_tracked / seconds:.1f} frames/s"]
    if (late := min(told)) > 0:
        parts.append(f"{counted(late, 'frame')} before the first box or mask left empty")
    print(f"{', '.join(parts)}\nresults: {out}")
    return frames.report()


def refuse_unreadable(source: FrameSource, frames: Mapping[int, Any]) -> None:
    """Refuse boxes and masks of frames that cannot be read: there is nothing to learn from.

    Raises:
        UserError: one of the frames is damaged.
    """
    for frame in frames:
        if not isinstance(source, VideoFrames):
            source.frame(frame)
        elif source.first + frame * source.step in source.scan.damaged:
            raise UserError(f"{source.name}: frame {frame} is damaged; give the box or mask of another frame")
