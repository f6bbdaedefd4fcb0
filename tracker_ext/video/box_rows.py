"""Boxes that name their frame and object, from any kind of table, brought onto the frames of a clip."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ltr_ext.data.boxes import MOST_PIXELS
from tracker_ext.video.box_text import comma_hint, mistake, number, shown, whole
from tracker_ext.video.frame_names import NoFrame, find_frames

MASK_IDS = range(1, 255)
"""Pixel values of objects in a mask file."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class GivenBoxes:
    """What a box file says about the F frames of a clip."""

    boxes: dict[int, np.ndarray]
    """Object id from 1, ascending -> [F, 4] float64 (x, y, w, h), pixels; nan where no box is given."""
    absent: dict[int, np.ndarray]
    """Object id -> [F] bool: the file states that the object is not to be seen. Else, a nan row says nothing."""
    objects: dict[int, str] = field(default_factory=dict)
    """Object id -> the file's own id, where they had to be renumbered; else empty."""
    names_frames: bool = False
    """Whether rows name their frames (a table), rather than one line belonging to each frame."""
    notes: tuple[str, ...] = ()
    """What the user should be told once: short sentences."""
    counts_frames: bool = False
    """Whether its rows name frames by their position, so that a picture left out would shift the boxes behind it."""


class Row(NamedTuple):
    """A row of a table."""

    line: int
    """In the file, from 1."""
    frame: str
    """As the file has it: a number or a picture's name."""
    object: str
    """As the file has it."""
    box: Box | None
    """(x, y, w, h), pixels counted from 0; None: stated to be absent."""


def read_box(path: Path, line: int | str, fields: Sequence[str], kind: str = "xywh") -> Box | None:
    """Four numbers, or eight of a polygon.

    Args:
        path: for messages.
        line: for messages.
        fields: the numbers' text.
        kind: `xywh`; `corners` (x1, y1, x2, y2), whose box is x2 - x1 wide; `centre` (cx, cy, w, h); `polygon`
            (x1, y1, ..., x4, y4), which becomes the upright box around it.

    Returns:
        (x, y, w, h), or None for what data sets write for an object that is not there: numbers that are all nan (or
        missing), all 0, or all -1.

    Raises:
        UserError: no number, not finite, or far too large.
    """
    numbers = [number(item) for item in fields]
    values = [value for value in numbers if value is not None]
    if len(values) < len(numbers):
        amount, form = ("eight", "x1,y1,...,x4,y4") if kind == "polygon" else ("four", "x,y,w,h")
        hint = comma_hint("; ".join(fields))
        raise mistake(path, f"{shown(','.join(fields))} is not {amount} numbers; write {form}{hint}", line)
    if all(map(math.isnan, values)) or set(values) <= {0.0} or set(values) == {-1.0}:
        return None
    if not all(map(math.isfinite, values)):
        raise mistake(path, f"{shown(','.join(fields))} is not finite; write x,y,w,h or four nan", line)
    if max(map(abs, values)) > MOST_PIXELS:
        raise mistake(path, f"{shown(','.join(fields))} lies beyond any picture; write x,y,w,h in pixels", line)
    if kind == "polygon":
        left, top = min(values[0::2]), min(values[1::2])
        return left, top, max(values[0::2]) - left, max(values[1::2]) - top
    x, y, w, h = values
    if kind == "corners":
        return x, y, w - x, h - y
    if kind == "centre":
        return x - w / 2, y - h / 2, w, h
    return x, y, w, h


def arrange(
    path: Path,
    rows: Sequence[Row],
    num_frames: int,
    stems: Sequence[str] | None,
    *,
    first: int,
    keep_ids: bool,
    notes: Sequence[str] = (),
) -> GivenBoxes:
    """Put the boxes of a table in tracks.

    Args:
        path: for messages.
        rows: at least one.
        num_frames: F.
        stems: names of the pictures without suffix; None for a video.
        first: number of the first frame, 0 or 1, in a file of this kind.
        keep_ids: keep object ids that may stand in a mask (all of them from 1 to 254); else they become 1, 2, ...
        notes: to hand on.

    Raises:
        UserError: a frame or object that is none, or a box given twice.
    """
    try:
        found = find_frames([row.frame for row in rows], num_frames, stems, first)
    except NoFrame as error:
        raise mistake(path, str(error), rows[error.index].line) from None
    numbers = _number_objects(path, rows, keep_ids)
    boxes = {index: np.full((num_frames, 4), np.nan) for index in sorted(numbers.values())}
    absent = {index: np.zeros(num_frames, bool) for index in boxes}
    seen: set[tuple[int, int]] = set()
    for row, frame in zip(rows, found.positions, strict=True):
        own = _own_id(row.object)
        index = numbers[own] if own in numbers else numbers[str(own)]
        if (index, frame) in seen:
            more = "; rows without track ids belong to no object" if own == -1 else ""
            raise mistake(
                path, f"a second box of object {_cut(str(own))} in frame {row.frame}; keep one{more}", row.line
            )
        seen.add((index, frame))
        if row.box is None:
            absent[index][frame] = True
        else:
            boxes[index][frame] = row.box
    objects = {index: str(own) for own, index in sorted(numbers.items(), key=lambda item: item[1])}
    same = all(str(index) == own for index, own in objects.items())
    own_ids = {} if same else objects
    return GivenBoxes(
        boxes, absent, own_ids, names_frames=True, notes=(*notes, *found.notes), counts_frames=found.are_counted
    )


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _own_id(text: str) -> int | str:
    value = whole(text)
    return text if value is None else value


def _number_objects(path: Path, rows: Sequence[Row], keep_ids: bool) -> dict[int | str, int]:
    """Own id -> object id from 1; names and numbers among each other are all taken for names."""
    for row in rows:
        if whole(row.object) is None and number(row.object) is not None and not re.fullmatch(r"\d+", row.object):
            raise mistake(path, f"object {shown(row.object)} is neither a whole number nor a name; write one", row.line)
    found = {_own_id(row.object) for row in rows}
    numbers = [own for own in found if isinstance(own, int)]
    if len(numbers) < len(found):
        return {own: index for index, own in enumerate(sorted({str(own) for own in found}), 1)}
    if keep_ids and all(own in MASK_IDS for own in numbers):
        return {own: own for own in numbers}
    return {own: index for index, own in enumerate(sorted(numbers), 1)}
