"""One video and its boxes, read and checked before the network is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ltr_ext.data.mask_io import MAX_PALETTE_ID
from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.segmentation.prepare import PreparedBoxes, prepare
from tracker_ext.video.box_argument import parse_box
from tracker_ext.video.clip_writer import refuse_loss


@dataclass(frozen=True)
class BoxedVideo:
    """A video whose boxes are checked and filled."""

    files: tuple[Path, Path]
    """The video or folder of pictures, and its box file."""
    sequence: BoxedSequence
    prepared: PreparedBoxes


def read_video(video: Path, box_file: Path, out: Path, max_gap: int) -> BoxedVideo:
    """Read a video's boxes, and refuse what cannot be annotated.

    Args:
        video: a video file or a folder of pictures.
        box_file: see `read_given_boxes`.
        out: output folder of the result.
        max_gap: longest gap between two boxed frames that is filled, in frames; see `prepare`.

    Raises:
        UserError: unreadable video or boxes, bad boxes, counts that differ, more objects than a mask holds, a result
            that would replace something else, a negative gap.
    """
    if max_gap < 0:
        raise UserError(f"--max-gap {max_gap}: must be at least 0")
    if not video.exists():
        raise UserError(f"video or frame folder {video} does not exist; check the path")
    if not box_file.exists():
        raise UserError(f"box file {box_file} {_missing(str(box_file))}")
    refuse_loss(out, (video, box_file))
    sequence = load_clip(video, (box_file,))
    prepared = prepare(sequence, max_gap, bad="refuse")
    if max(prepared.boxes) > MAX_PALETTE_ID:
        raise UserError(
            f"box file {box_file}: {len(sequence.boxes)} objects; masks of one video hold {MAX_PALETTE_ID}: "
            f"run_annotate.py folder {video} --boxes {box_file} --format coco-rle holds more"
        )
    return BoxedVideo((video, box_file), sequence, prepared)


def _missing(name: str) -> str:
    try:
        parse_box(name)
    except UserError:
        return "does not exist; check the path"
    return "is a box, not a file; for the first frame: run_tracker.py lwl box2mask_init --video PATH --box x,y,w,h"
