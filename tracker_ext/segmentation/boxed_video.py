"""One video and its boxes, read and checked before the network is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.mask_io import MAX_PALETTE_ID
from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.segmentation.prepare import PreparedBoxes, prepare
from tracker_ext.segmentation.prompts import mask_files, read_prompts, with_prompts
from tracker_ext.video.box_argument import parse_box
from tracker_ext.video.clip_writer import refuse_loss


@dataclass(frozen=True)
class BoxedVideo:
    """A video whose boxes are checked and filled."""

    files: tuple[Path, ...]
    """The video or folder of pictures, its box file if there is one, and masks that are given."""
    sequence: BoxedSequence
    prepared: PreparedBoxes
    masks: Mapping[int, Mapping[int, np.ndarray]]
    """Object id -> frame -> [H, W] bool, where the mask is known."""


def read_video(
    video: Path,
    box_file: Path | None,
    out: Path,
    max_gap: int,
    boxes: Sequence[str] = (),
    masks: Sequence[str] = (),
    follow: bool = False,
) -> BoxedVideo:
    """Read a video's boxes, and refuse what cannot be annotated.

    Args:
        video: a video file or a folder of pictures.
        box_file: see `read_given_boxes`; None where boxes or masks of single frames are enough.
        out: output folder of the result.
        max_gap: longest gap between two boxed frames that is filled, in frames; see `prepare`.
        boxes, masks: of single frames; see `read_prompts`.
        follow: see `prepare_tracks`.

    Raises:
        UserError: unreadable video or boxes, bad boxes, counts that differ, more objects than a mask holds, a result
            that would replace something else, a negative gap.
    """
    if max_gap < 0:
        raise UserError(f"--max-gap {max_gap}: must be at least 0")
    if not video.exists():
        raise UserError(f"video or frame folder {video} does not exist; check the path")
    if box_file is None and not boxes and not masks:
        raise UserError("boxes: none given; give --boxes FILE, or --box FRAME:x,y,w,h and --mask FRAME:FILE")
    if box_file is not None and not box_file.exists():
        raise UserError(f"box file {box_file} {_missing(str(box_file))}")
    files = (video, *(() if box_file is None else (box_file,)), *mask_files(masks))
    refuse_loss(out, files)
    sequence = load_clip(video, () if box_file is None else (box_file,))
    prompts = read_prompts(boxes, masks, sequence.frames, sequence.boxes)
    sequence = with_prompts(sequence, prompts)
    prepared = prepare(sequence, max_gap, bad="refuse", follow=follow)
    if max(prepared.boxes) > MAX_PALETTE_ID:
        raise UserError(
            f"box file {box_file or video}: {len(sequence.boxes)} objects; masks of one video hold {MAX_PALETTE_ID}: "
            f"run_annotate.py folder {video} --boxes {box_file} --format coco-rle holds more"
        )
    return BoxedVideo(files, sequence, prepared, prompts.masks)


def _missing(name: str) -> str:
    try:
        parse_box(name)
    except UserError:
        return "does not exist; check the path"
    return "is a box, not a file; for the first frame: run_tracker.py lwl box2mask_init --video PATH --box x,y,w,h"
