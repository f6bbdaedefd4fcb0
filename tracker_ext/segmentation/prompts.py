"""Boxes and masks that are given for single frames, on the command line, beside a box file or in place of one.

    --box FRAME:x,y,w,h  --box FRAME:OBJECT:x,y,w,h  --mask FRAME:FILE

FRAME is the name of a picture, or a number from 0; see `find_frames`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import UserError
from ltr_ext.text import counted, ranges
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.box_argument import parse_box
from tracker_ext.video.frame_names import FoundFrames, NoFrame, find_frames
from tracker_ext.video.frames import FrameSource, Pictures

FIRST_BOX = (
    "--box {text}: is one box on the first frame: run_tracker.py lwl box2mask_init --video PATH --box x,y,w,h; here "
    "boxes of all frames come from --boxes FILE, and of single frames from --box FRAME:x,y,w,h"
)


@dataclass
class Prompts:
    """What is given for single frames."""

    boxes: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    """Object id -> frame -> [4] (x, y, w, h), image pixels; for a frame with a known mask that of the mask."""
    masks: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    """Object id -> frame -> [H, W] bool."""
    notes: tuple[str, ...] = ()
    """What the user should be told once."""


def read_prompts(boxes: Sequence[str], masks: Sequence[str], sequence: BoxedSequence) -> Prompts:
    """Read the options --box and --mask of a clip.

    Args:
        boxes: `FRAME:x,y,w,h` or `FRAME:OBJECT:x,y,w,h`.
        masks: `FRAME:FILE`, an id mask of the size of the frames; black and white where there is one object.
        sequence: the clip; without boxes, any object may be named.

    Raises:
        UserError: another form, a frame or an object that the clip does not have, a box without area, a mask that
            cannot be read, is empty or has another size.
    """
    for text in boxes:
        if ":" not in text:
            raise UserError(FIRST_BOX.format(text=text))
    for text in masks:
        if ":" not in text:
            raise UserError(f"--mask {text}: write FRAME:FILE, for example 12:mask.png")
    options = [*(f"--box {text}" for text in boxes), *(f"--mask {text}" for text in masks)]
    found = frame_indices([text.partition(":")[0].strip() for text in (*boxes, *masks)], sequence.frames, options)
    prompts = Prompts(notes=() if found.are_counted else tuple(found.notes))
    for text, frame in zip(boxes, found.positions, strict=False):
        _, *middle, numbers = text.split(":")
        if len(middle) > 1 or any(not part.strip().isdecimal() or not int(part) for part in middle):
            raise UserError(f"--box {text}: write FRAME:x,y,w,h or FRAME:OBJECT:x,y,w,h, the object a number from 1")
        object_id = int(middle[0]) if middle else _only_object(sequence, f"--box {text}")
        _check_object(object_id, sequence, f"--box {text}")
        prompts.boxes.setdefault(object_id, {})[frame] = np.array(parse_box(numbers))
    for text, frame in zip(masks, found.positions[len(boxes) :], strict=True):
        for object_id, mask in _objects_in(Path(text.partition(":")[2]), sequence, text).items():
            box = mask_to_box(mask)
            assert box is not None
            prompts.boxes.setdefault(object_id, {})[frame] = box
            prompts.masks.setdefault(object_id, {})[frame] = mask
    return prompts


def with_prompts(sequence: BoxedSequence, prompts: Prompts) -> BoxedSequence:
    """The clip with the boxes of the prompts, in place of those that its box file has on these frames."""
    count = len(sequence.frames)
    boxes = {object_id: track.copy() for object_id, track in sequence.boxes.items()}
    absent = {object_id: flags.copy() for object_id, flags in sequence.absent.items()}
    for object_id, given in prompts.boxes.items():
        track = boxes.setdefault(object_id, np.full((count, 4), np.nan))
        flags = absent.setdefault(object_id, np.zeros(count, dtype=bool))
        for frame, box in given.items():
            track[frame], flags[frame] = box, False
    notes = (*sequence.notes, *prompts.notes)
    return replace(sequence, boxes=dict(sorted(boxes.items())), absent=absent, notes=notes)


def frame_indices(names: Sequence[str], frames: FrameSource, options: Sequence[str]) -> FoundFrames:
    """The frames that the options of one command line name, by the rules of box files.

    Args:
        names: of pictures, or numbers from 0.
        frames: of the clip.
        options: for messages, one for each name.

    Raises:
        UserError: there is none, or it may be one or another.
    """
    if not names:
        return FoundFrames([], [], are_counted=True)
    try:
        stems = frames.stems() if isinstance(frames, Pictures) else None
        return find_frames(names, len(frames), stems, may_mix=True)
    except NoFrame as error:
        shown = frames.stems()
        raise UserError(
            f"{options[error.index]}: {error} ({frames.name} has {counted(len(frames), 'frame')}, {shown[0]} to "
            f"{shown[-1]}, or 0 to {len(frames) - 1})"
        ) from None


def _objects_in(file: Path, sequence: BoxedSequence, text: str) -> dict[int, np.ndarray]:
    labels = read_mask(file)
    if labels.shape != sequence.frames.size:
        (height, width), (rows, columns) = sequence.frames.size, labels.shape
        raise UserError(f"--mask {text}: is {columns}x{rows}, the frames {width}x{height}; give a mask of their size")
    ids = [int(value) for value in np.unique(labels) if value not in (0, IGNORE_LABEL)]
    if not ids and (labels == IGNORE_LABEL).any():  # black and white
        return {_only_object(sequence, f"--mask {text}"): labels == IGNORE_LABEL}
    if not ids:
        raise UserError(f"--mask {text}: is empty; where an object is absent, say so in the box file (nan,nan,nan,nan)")
    for object_id in ids:
        _check_object(object_id, sequence, f"--mask {text}")
    return {object_id: labels == object_id for object_id in ids}


def _only_object(sequence: BoxedSequence, option: str) -> int:
    if len(sequence.boxes) > 1:
        raise UserError(f"{option}: say which of objects {ranges(sorted(sequence.boxes))} is meant")
    return next(iter(sequence.boxes), 1)


def _check_object(object_id: int, sequence: BoxedSequence, option: str) -> None:
    if sequence.boxes and object_id not in sequence.boxes:
        known = ranges(sorted(sequence.boxes))
        raise UserError(f"{option}: {sequence.name} has no object {object_id}; its box file has {known}")
