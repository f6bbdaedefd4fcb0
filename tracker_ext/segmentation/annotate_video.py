"""One video and its boxes to a folder of masks: `run_annotate.py video`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.segmentation.boxed_video import BoxedVideo, read_video
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.prepare import DEFAULT_MAX_GAP
from tracker_ext.segmentation.segment import annotate
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.patient import PatientFrames

LOW_IOU = 0.7
"""Below, the boxes are more often wrong than loose."""


def annotate_video(
    video: Path,
    box_file: Path,
    net: Box2MaskNet,
    config: AnnotateConfig,
    out: Path,
    *,
    max_gap: int = DEFAULT_MAX_GAP,
    read: BoxedVideo | None = None,
) -> tuple[str, str]:
    """Segment the boxed objects of a video and write masks, the masks' own boxes, and an overlay video.

    A frame that cannot be read is passed over: its masks are empty, and the others are made.

    Args:
        video: a video file or a folder of pictures.
        box_file: see `read_given_boxes`.
        net: in eval mode.
        config: windows, tolerance, precision.
        max_gap: frames between two boxed ones that are filled; see `prepare`.
        read: what `read_video` gave for the same arguments, if it was called before.
        out: output folder; appears, or is changed, only when everything is written. See `ClipWriter`.

    Returns:
        A line that says what was done; and one about frames that could not be read, empty if all could.

    Raises:
        UserError: unreadable video or boxes, bad boxes, counts that differ, a folder that cannot be written.
    """
    read = read or read_video(video, box_file, out, max_gap=max_gap)
    source, prepared = read.sequence.frames, read.prepared
    frames = PatientFrames(source)
    boxes, given = frames.without_unreadable(prepared.boxes), prepared.given
    for note in prepared.notes:
        Progress.write(f"note: {note}", file=sys.stderr)
    # A mask comes later than its frame. The overlay reads the clip a second time rather than hold frames back.
    again = iter(PatientFrames(source))
    overlaps: list[float] = []
    num_empty = 0
    with (
        ClipWriter(out, size=source.size, object_ids=list(boxes), fps=source.fps, inputs=(video, box_file)) as writer,
        Progress(total=len(source), desc=source.name, unit="frame") as progress,
    ):
        for result in annotate(frames, boxes, net, config, name=source.name, given=given):
            is_read = result.index not in frames.unreadable
            labels = result.labels if is_read else np.zeros_like(result.labels)
            own = {object_id: mask_to_box(labels == object_id) for object_id in boxes}
            writer.add(source.stem(result.index), next(again), labels, own)
            for object_id in result.scores if is_read else ():
                box = own[object_id]
                if not given[object_id][result.index]:
                    continue
                num_empty += box is None
                overlaps += [] if box is None else [float(box_iou(box, boxes[object_id][result.index]))]
            progress.update()
    parts = [f"{counted(len(source), 'frame')}, {counted(len(boxes), 'object')}"]
    if overlaps:
        parts.append(agreement(float(np.mean(overlaps))))
    if num_empty:
        parts.append(f"{counted(num_empty, 'box')} without a mask")
    if prepared.num_empty:
        parts.append(f"{counted(prepared.num_empty, 'frame')} without a box left empty")
    return "; ".join(parts), frames.report()


def agreement(iou: float) -> str:
    """What is said of the mean IoU of the masks' own boxes with the given ones."""
    low = " (low: look at the overlay, and whether the boxes are x,y,w,h in pixels)" if iou < LOW_IOU else ""
    return f"IoU of the masks' boxes with the given ones {iou:.3f}{low}"
