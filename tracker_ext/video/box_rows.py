"""Boxes that name their frame and object, from any kind of table, brought onto the frames of a clip."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ltr_ext.data.boxes import MOST_PIXELS
from ltr_ext.text import counted
from tracker_ext.video.box_text import HEADER, comma_hint, mistake, number, shown, whole

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
    frames, said, by_position = _find_frames(path, rows, num_frames, stems, first)
    numbers = _number_objects(path, rows, keep_ids)
    boxes = {index: np.full((num_frames, 4), np.nan) for index in sorted(numbers.values())}
    absent = {index: np.zeros(num_frames, bool) for index in boxes}
    seen: set[tuple[int, int]] = set()
    for row, frame in zip(rows, frames, strict=True):
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
    return GivenBoxes(boxes, absent, own_ids, names_frames=True, notes=(*notes, *said), counts_frames=by_position)


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


def _find_frames(
    path: Path, rows: Sequence[Row], num_frames: int, stems: Sequence[str] | None, first: int
) -> tuple[list[int], list[str], bool]:
    """The position of each row's frame from 0, notes, and whether frames are positions in the file, too.

    A frame is a picture's name, or a number that counts from `first`; a bare number without a leading zero is no name.
    It is taken for the number in a picture's name only where it cannot count frames; where both are possible and
    differ, that is refused.
    """
    names = stems or ()
    place = {stem: index for index, stem in enumerate(names)}
    named = [_named(row.frame, place) for row in rows]
    if any(at is not None and str(whole(row.frame)) != row.frame for row, at in zip(rows, named, strict=True)):
        for row, at in zip(rows, named, strict=True):
            if at is None:
                raise mistake(
                    path, f"frame {shown(row.frame)} is no picture of the clip; write a picture's name", row.line
                )
        return [at for at in named if at is not None], [], False
    for row in rows:
        if whole(row.frame) is None:
            what = "is not a whole number" if stems is None else "is neither a whole number nor a picture's name"
            raise mistake(path, f"frame {shown(row.frame)} {what}; write one", row.line)
    given = [whole(row.frame) or 0 for row in rows]
    positions = [value - first for value in given]
    by_number = _by_number(given, names)
    wrong = next((index for index, at in enumerate(positions) if not 0 <= at < num_frames), None)
    if wrong is None:
        if by_number not in (None, positions) and min(_picture_numbers(names)) > 1:
            assert by_number is not None
            in_name, at_position = names[by_number[0]], names[positions[0]]
            raise mistake(
                path,
                f"frame {rows[0].frame} may be picture {in_name}, by the number in its name, or {at_position}, by its "
                f"position ({_COUNTING[first]}); write picture names ({in_name}) for the frames, or number the "
                f"pictures from {first}",
                rows[0].line,
            )
        late = first == 0 and min(positions) > 0
        note = f"no box on frame 0: frames count from 0, and {min(positions)} is the first here"
        return positions, [note] * late, True
    if by_number is not None and (min(_picture_numbers(names)) != 1 or all(row.frame in names for row in rows)):
        return by_number, [f"frames are the numbers of the pictures, from {names[min(by_number)]} on"], False
    raise _no_frame(path, rows[wrong], given, num_frames, names, first)


_COUNTING = {0: "frames count from 0", 1: "in lines without a header (MOT), frames count from 1"}


def _no_frame(
    path: Path, row: Row, given: Sequence[int], num_frames: int, names: Sequence[str], first: int
) -> Exception:
    """A frame that the clip does not have, to be raised; what it seems to come from."""
    remedy = ""
    if first == 0 and min(given) == 1 and max(given) == num_frames:
        remedy = ", and none is 0 here: subtract 1 from each"
        remedy += f", or write the names of the pictures ({names[0]})" if names else ""
    elif first == 1 and min(given) == 0:
        remedy = f": add 1 to each, or begin the file with {HEADER}, where they count from 0"
    elif first == 1 and len(given) == num_frames:
        remedy = "; in a file with a line per frame, keep x,y,w,h alone"
    value = _cut(row.frame)
    return mistake(path, f"frame {value} of {counted(num_frames, 'frame')}; {_COUNTING[first]}{remedy}", row.line)


def _named(frame: str, place: Mapping[str, int]) -> int | None:
    """Position of the picture of this name, with or without folder and suffix; None if there is none."""
    name = re.split(r"[/\\]", frame)[-1]
    if name in place or whole(name) is not None:
        return place.get(name)
    return place.get(name.rpartition(".")[0])


def _picture_numbers(stems: Sequence[str]) -> list[int]:
    """The number at the end of each name; empty if one has none, or two have the same."""
    ends = [re.search(r"[0-9]{1,18}$", stem) for stem in stems]
    numbers = [int(end[0]) for end in ends if end]
    return numbers if len(set(numbers)) == len(stems) else []


def _by_number(given: Sequence[int], stems: Sequence[str]) -> list[int] | None:
    """Positions of the pictures with these numbers in their names; None if one has no picture."""
    at = {value: index for index, value in enumerate(_picture_numbers(stems))}
    return [at[value] for value in given] if all(value in at for value in given) else None
