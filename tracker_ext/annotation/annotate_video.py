"""One video and its boxes to a folder of masks: `run_annotate.py video`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.words import counted
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.engine import annotate, check_boxes
from tracker_ext.annotation.sources.base import fill_gaps
from tracker_ext.annotation.sources.files import refuse_gap
from tracker_ext.annotation.sources.folder import explicit_absence
from tracker_ext.evaluation.box_files import is_table, read_boxes
from tracker_ext.evaluation.frames import list_pictures, open_frames
from tracker_ext.evaluation.writers import ClipWriter


def annotate_video(
    video: Path, box_file: Path, net: Box2MaskNet, config: AnnotateConfig, out: Path, *, max_gap: int = 0
) -> str:
    """Segment the boxed objects of a video and write masks, the masks' own boxes, and an overlay video.

    Args:
        video: a video file or a folder of pictures.
        box_file: see `read_boxes`.
        net: in eval mode.
        config: windows, tolerance, precision.
        max_gap: frames between two boxed ones that are filled; see `fill_gaps`.
        out: output folder; appears, or is changed, only when everything is written. See `ClipWriter`.

    Returns:
        A line that says what was done.

    Raises:
        UserError: unreadable video or boxes, bad boxes, counts that differ, a folder that cannot be written.
    """
    source = open_frames(video, upright=True)
    num_frames = len(source)
    if video.is_dir() and is_table(box_file):
        refuse_gap(list_pictures(video), source.name)
    boxes = check_boxes(read_boxes(box_file, num_frames), source.size, source.name)
    given = {object_id: np.isfinite(track).all(axis=1) for object_id, track in boxes.items()}
    boxes = {
        object_id: fill_gaps(track, explicit_absence(box_file, object_id, track), max_gap)
        for object_id, track in boxes.items()
    }
    # A mask comes later than its frame. The overlay reads the clip a second time rather than hold frames back.
    again = iter(open_frames(video, upright=True))
    overlaps: list[float] = []
    num_empty = 0
    num_empty_frames = int((~np.stack([np.isfinite(track).all(axis=1) for track in boxes.values()]).any(axis=0)).sum())
    with (
        ClipWriter(out, size=source.size, object_ids=list(boxes), fps=source.fps, inputs=(video, box_file)) as writer,
        tqdm(total=num_frames, desc=source.name, unit="frame", disable=None) as progress,
    ):
        for result in annotate(source, boxes, net, config, name=source.name, given=given):
            own = {object_id: mask_to_box(result.mask(object_id)) for object_id in boxes}
            writer.add(source.stem(result.index), next(again), result.labels, own)
            for object_id in result.scores:
                box = own[object_id]
                if not given[object_id][result.index]:
                    continue
                num_empty += box is None
                overlaps += [] if box is None else [float(box_iou(box, boxes[object_id][result.index]))]
            progress.update()
    parts = [f"{counted(num_frames, 'frame')}, {counted(len(boxes), 'object')}"]
    if overlaps:
        parts.append(f"IoU of the masks' boxes with the given ones {np.mean(overlaps):.3f}")
    if num_empty:
        parts.append(f"{counted(num_empty, 'box')} without a mask")
    if num_empty_frames:
        parts.append(f"{counted(num_empty_frames, 'frame')} without a box left empty (--max-gap fills gaps)")
    return "; ".join(parts)
