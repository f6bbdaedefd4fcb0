"""One video and its boxes to a folder of masks: `run_annotate.py video`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.digest import file_hash
from ltr_ext.progress import Progress
from ltr_ext.text import counted
from tracker_ext.segmentation.boxed_video import BoxedVideo, read_video
from tracker_ext.segmentation.config import AnnotateConfig, existing_weight_file, from_options
from tracker_ext.segmentation.prepare import PreparedBoxes, frames_of
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.patient import PatientFrames
from tracker_ext.video.result_tables import frame_names, given_csv, given_rows

if TYPE_CHECKING:
    from ltr_ext.models.box2mask import Box2MaskNet
    from tracker_ext.segmentation.confidence import Calibration

EXIT_FAILED = 1
LOW_IOU = 0.7
"""Below, the boxes are more often wrong than loose."""


class Follow(Protocol):
    """Makes masks of frames without boxes, by a tracker: those of `PreparedBoxes.follows`."""

    def __call__(self, index: int, frame: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Take the next frame that could be read.

        Args:
            index: its number.
            frame: [H, W, 3] uint8 RGB.
            labels: [H, W], of the objects with boxes.

        Returns:
            Labels [H, W] with the objects that are followed; those with boxes keep their pixels.
        """


FollowMaker = Callable[[PreparedBoxes, "Box2MaskNet"], Follow]


def annotate_one_video(args: argparse.Namespace, follow_maker: FollowMaker) -> int:
    """The command: read, say what is used, annotate, say what came of it.

    Args:
        args: options of the command by name: `video`, `boxes`, `box`, `mask`, `out`, `max_gap`, `weights`, and the
            fields of `AnnotateConfig`; `follow`, `soft`.
        follow_maker: builds what follows objects beyond their boxes, if that is asked for.

    Returns:
        0; 1 if frames of the video could not be read.

    Raises:
        UserError: see `read_video`; wrong options, or weights that are not there.
    """
    config = from_options(AnnotateConfig, args)
    path = existing_weight_file(args.weights)
    video = read_video(args.video, args.boxes, args.out, args.max_gap, args.box, args.mask, args.follow)
    # Only now: this imports torch, which takes seconds that a mistake must not cost.
    from tracker_ext.segmentation.api import load_box2mask
    from tracker_ext.segmentation.confidence import load_calibration

    calibration = load_calibration(path)
    net = load_box2mask(path)
    device = next(net.parameters()).device
    arithmetic = "bfloat16" if config.uses_bfloat16(device) else "float32"
    print(f"weights: {path} (sha256 {file_hash(path)})\ndevice: {device.type}, {arithmetic}", flush=True)
    follow = follow_maker(video.prepared, net) if args.follow else None
    summary, damage = annotate_video(video, net, config, args.out, calibration, follow, soft=args.soft)
    print(f"{summary}\nresults: {args.out}")
    if damage:
        print(f"damaged: {damage}", file=sys.stderr)
    return EXIT_FAILED if damage else 0


def annotate_video(
    video: BoxedVideo,
    net: Box2MaskNet,
    config: AnnotateConfig,
    out: Path,
    calibration: Calibration | None = None,
    follow: Follow | None = None,
    soft: bool = False,
) -> tuple[str, str]:
    """Segment the boxed objects of a video and write masks, their own boxes and confidences, and an overlay video.

    A frame that cannot be read is passed over: its masks are empty, and the others are made.

    Args:
        video: with its boxes, as `read_video` gives it.
        net: in eval mode.
        config: windows, tolerance, precision.
        out: output folder; appears, or is changed, only when everything is written. See `ClipWriter`.
        calibration: of the confidences; None: they are soft IoUs.
        follow: makes the masks of frames without boxes.
        soft: also write the alpha of each object.

    Returns:
        A line that says what was done; and one about frames that could not be read, empty if all could.

    Raises:
        UserError: unreadable video, or a folder that cannot be written.
    """
    from tracker_ext.segmentation.confidence import confidence
    from tracker_ext.segmentation.segment import annotate
    from tracker_ext.segmentation.soft_edges import alphas_of

    sequence, prepared = video.sequence, video.prepared
    source = sequence.frames
    frames = PatientFrames(source)
    boxes, given = frames.without_unreadable(prepared.boxes), prepared.given
    masks = {
        object_id: {frame: mask for frame, mask in known.items() if frame not in frames.unreadable}
        for object_id, known in video.masks.items()
    }
    for note in prepared.notes:
        Progress.write(f"note: {note}", file=sys.stderr)
    names = {str(object_id): name for object_id, name in sequence.objects.items()}
    facts: dict[str, Any] = {"objects": names} if names else {}
    if video.masks:
        facts["known"] = {str(object_id): sorted(known) for object_id, known in video.masks.items()}
    table = given_csv(given_rows(sequence.boxes, sequence.absent), frame_names(source))
    # A mask comes later than its frame. The overlay reads the clip a second time rather than hold frames back.
    again = iter(PatientFrames(source))
    overlaps: list[float] = []
    num_empty = 0
    with (
        ClipWriter(
            out,
            size=source.size,
            object_ids=list(boxes),
            fps=source.fps,
            inputs=video.files,
            facts=facts,
            given=table,
            soft=soft,
        ) as writer,
        Progress(total=len(source), desc=source.name, unit="frame") as progress,
    ):
        for result in annotate(
            frames, boxes, net, config, name=source.name, given=given, masks=masks, keep_logits=True
        ):
            is_read = result.index not in frames.unreadable
            labels, frame = result.labels if is_read else np.zeros_like(result.labels), next(again)
            if follow is not None and is_read:
                labels = follow(result.index, frame, labels)
            own = {object_id: mask_to_box(labels == object_id) for object_id in boxes}
            sure = {
                object_id: confidence(logits, labels == object_id, calibration)
                for object_id, logits in (result.logits or {}).items()
                if own[object_id] is not None and result.index not in masks.get(object_id, ())
            }
            alphas = alphas_of(frame, labels, boxes) if soft else None
            writer.add(source.stem(result.index), frame, labels, own, sure, alphas)
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
    if prepared.follows:
        followed = {object_id: int(frames.sum()) for object_id, frames in prepared.follows.items()}
        parts.append(f"{frames_of(followed)} without a box followed by the tracker")
    if any(prepared.empty.values()):
        parts.append(f"{frames_of(prepared.empty)} without a box left empty")
    return "; ".join(parts), frames.report()


def agreement(iou: float) -> str:
    """What is said of the mean IoU of the masks' own boxes with the given ones."""
    low = " (low: look at the overlay, and whether the boxes are x,y,w,h in pixels)" if iou < LOW_IOU else ""
    return f"IoU of the masks' boxes with the given ones {iou:.3f}{low}"
