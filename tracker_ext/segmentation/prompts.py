"""Boxes and masks that are given for single frames, on the command line: `run_annotate.py video`, `run_tracker.py`.

    --box FRAME:x,y,w,h  --box FRAME:OBJECT:x,y,w,h  --mask FRAME:FILE  --mask FRAME:OBJECT:FILE

FRAME is the name of a picture, or a number from 0; see `find_frames`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import check_box, mask_to_box
from ltr_ext.data.mask_io import IGNORE_LABEL, MAX_PALETTE_ID, read_mask
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
NAME_IT = "of several objects write FRAME:OBJECT:..."


@dataclass
class Prompts:
    """What is given for single frames."""

    boxes: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    """Object id -> frame -> [4] (x, y, w, h), image pixels; for a frame with a known mask that of the mask."""
    masks: dict[int, dict[int, np.ndarray]] = field(default_factory=dict)
    """Object id -> frame -> [H, W] bool."""
    notes: tuple[str, ...] = ()
    """What the user should be told once."""


@dataclass(frozen=True)
class _Said:
    """One option, read."""

    option: str
    frame: int
    object_id: int | None
    """None: none is named."""
    box: np.ndarray
    """[4], of a mask its own."""
    mask: np.ndarray | None = None
    """[H, W] bool."""


def read_prompts(
    boxes: Sequence[str],
    masks: Sequence[str],
    frames: FrameSource,
    objects: Collection[int] = (),
    *,
    plain_is_first: bool = False,
) -> Prompts:
    """Read the options --box and --mask of a clip.

    An object need not be named where there is one only. A mask comes before a box of the same object and frame.

    Args:
        boxes: `FRAME:x,y,w,h` or `FRAME:OBJECT:x,y,w,h`.
        masks: `FRAME:FILE`, an id mask of the size of the frames, or black and white where there is one object;
            `FRAME:OBJECT:FILE` takes that object of an id mask, or all that is white.
        frames: of the clip.
        objects: that its box file has; none: any may be named.
        plain_is_first: `x,y,w,h` is a box of the first frame, of object 1, 2, ... in order; else it is refused.

    Raises:
        UserError: another form, a frame or an object that the clip does not have, an object that must be named, two
            boxes or two masks of an object on a frame, a box without area, a mask that cannot be read, is empty or has
            another size.
    """
    plain = [text for text in boxes if ":" not in text]
    if plain and not plain_is_first:
        raise UserError(FIRST_BOX.format(text=plain[0]))
    said = [_Said(f"--box {text}", 0, i, np.array(parse_box(text))) for i, text in enumerate(plain, start=1)]
    named_boxes, parts = [text for text in boxes if ":" in text], [_split_mask(text) for text in masks]
    names = [text.partition(":")[0].strip() for text in named_boxes] + [name.strip() for name, _, _ in parts]
    options = [*(f"--box {text}" for text in named_boxes), *(f"--mask {text}" for text in masks)]
    places = frame_indices(names, frames, options)
    at = places.positions
    said += [_read_box(text, frame) for text, frame in zip(named_boxes, at, strict=False)]
    of_masks = at[len(named_boxes) :]
    painted = [
        one
        for text, (_, object_id, file), frame in zip(masks, parts, of_masks, strict=True)
        for one in _read_mask(f"--mask {text}", object_id, file, frame, frames.size)
    ]
    known = {*objects, *range(1, len(plain) + 1), *(one.object_id for one in painted if one.object_id is not None)}
    named = {one.object_id for one in said if one.object_id is not None}
    prompts = Prompts(notes=() if places.are_counted else tuple(places.notes))
    for group in (said, painted):
        seen = set()
        for one in group:
            object_id = _only(known, named, one.option) if one.object_id is None else one.object_id
            _check_object(object_id, objects, frames.name, one.option)
            if (object_id, one.frame) in seen:
                raise UserError(f"{one.option}: is the second for object {object_id} on frame {one.frame}; {NAME_IT}")
            seen.add((object_id, one.frame))
            prompts.boxes.setdefault(object_id, {})[one.frame] = one.box
            if one.mask is not None:
                prompts.masks.setdefault(object_id, {})[one.frame] = one.mask
    return prompts


def check_prompts(prompts: Prompts, size: tuple[int, int], name: str) -> None:
    """Refuse what no tracker can be told.

    Args:
        prompts: of all frames.
        size: (height, width) of the frames.
        name: of the video, for messages.

    Raises:
        UserError: no object, one that a mask file cannot hold, or a box without area or outside the image.
    """
    if not prompts.boxes:
        raise UserError(f"{name}: no object; give its box as --box x,y,w,h, or --mask FRAME:FILE")
    if max(prompts.boxes) > MAX_PALETTE_ID:
        raise UserError(f"{name}: object {max(prompts.boxes)}; masks of one video hold 1 to {MAX_PALETTE_ID}")
    for object_id, boxes in prompts.boxes.items():
        for frame, box in boxes.items():
            check_box(box.tolist(), height=size[0], width=size[1], name=f"frame {frame} object {object_id}")


def mask_files(masks: Sequence[str]) -> list[Path]:
    """The files that --mask names."""
    return [_split_mask(text)[2] for text in masks]


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


def _read_box(text: str, frame: int) -> _Said:
    option = f"--box {text}"
    _, *middle, numbers = text.split(":")
    if len(middle) > 1 or any(not part.strip().isdecimal() or not int(part) for part in middle):
        raise UserError(f"{option}: write FRAME:x,y,w,h or FRAME:OBJECT:x,y,w,h, the object a number from 1")
    object_id = int(middle[0]) if middle else None
    return _Said(option, frame, object_id, np.array(parse_box(numbers)))


def _split_mask(text: str) -> tuple[str, int | None, Path]:
    """Frame, object, file."""
    frame_name, found, rest = text.partition(":")
    number, named, file = rest.partition(":")
    if not found or not rest:
        raise UserError(f"--mask {text}: write FRAME:FILE or FRAME:OBJECT:FILE, for example 12:mask.png")
    if named and number.strip().isdecimal() and int(number) and not Path(rest).exists():
        return frame_name, int(number), Path(file)
    return frame_name, None, Path(rest)


def _read_mask(option: str, object_id: int | None, file: Path, frame: int, size: tuple[int, int]) -> list[_Said]:
    """The objects of a mask; of a named one that alone."""
    labels = read_mask(file)
    if labels.shape != size:
        (height, width), (rows, columns) = size, labels.shape
        raise UserError(f"{option}: is {columns}x{rows}, the frames {width}x{height}; give a mask of their size")
    ids = [int(value) for value in np.unique(labels) if value not in (0, IGNORE_LABEL)]
    found: dict[int | None, np.ndarray] = {value: labels == value for value in ids}
    if not ids and (labels == IGNORE_LABEL).any():  # black and white
        found = {None: labels == IGNORE_LABEL}
    if not found:
        raise UserError(f"{option}: is empty; absent objects are said in a box file (nan,nan,nan,nan)")
    if object_id is not None:
        if object_id not in found and len(found) > 1:
            raise UserError(f"{option}: has objects {ranges(ids)}, and not {object_id}; name one of them")
        found = {object_id: found[object_id] if object_id in found else next(iter(found.values()))}
    said = []
    for key, mask in found.items():
        box = mask_to_box(mask)
        assert box is not None
        said.append(_Said(option, frame, key, box, mask))
    return said


def _only(known: set[int], named: set[int], option: str) -> int:
    """The object that is meant where none is named."""
    if known | named <= {1}:
        return 1
    if len(known) > 1 or named - known:
        raise UserError(f"{option}: say which of objects {ranges(sorted(known | named))} is meant; {NAME_IT}")
    return next(iter(known))


def _check_object(object_id: int, objects: Collection[int], name: str, option: str) -> None:
    known = sorted(objects)
    if known and object_id not in known:
        raise UserError(f"{option}: {name} has no object {object_id}; its box file has {ranges(known)}")
