"""Box files with one line per frame: x,y,w,h, or the polygons and marks of the VOT challenge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltr_ext.text import counted
from tracker_ext.video.box_rows import Box, GivenBoxes, read_box
from tracker_ext.video.box_text import HEADER, comma_hint, mistake, number, shown
from tracker_ext.video.decimal_commas import Fields

ABSENT_MARK = "0"
UNKNOWN_MARKS = ("1", "2")
"""A tracker was started or failed here: no box, which says nothing of the object."""


def usual_width(rows: Sequence[Fields]) -> int:
    """How many fields most lines have, marks of a single number aside."""
    counts = Counter(len(fields) for _, fields in rows if any(fields))
    several = Counter({width: count for width, count in counts.items() if width > 1})
    return (several or counts or Counter([0])).most_common(1)[0][0]


def read_per_frame(path: Path, rows: Sequence[Fields], num_frames: int, kind: str | None = None) -> GivenBoxes:
    """One object, a line per frame.

    Args:
        path: for messages.
        rows: of all frames, blank ones included.
        num_frames: F.
        kind: of box, where a header tells it; see `read_box`.

    Raises:
        UserError: another number of lines, or a line that is none of these.
    """
    width = usual_width(rows)
    if kind is None:
        _refuse_width(path, rows, width)
    while len(rows) > num_frames and _is_all_empty(rows[-1][1]):
        rows = rows[:-1]
    if len(rows) != num_frames:
        raise mistake(path, _count_message(path, rows, num_frames, kind or _kind(width)))
    boxes = np.full((num_frames, 4), np.nan)
    absent = np.zeros(num_frames, bool)
    unknown = 0
    for index, (line, fields) in enumerate(rows):
        if width > 1 and kind is None and len(fields) == 1 and fields[0] in UNKNOWN_MARKS:
            unknown += 1
            continue
        box = _line_box(path, line, fields, width, kind)
        if box is None:
            absent[index] = True
        else:
            boxes[index] = box
    notes = [f"{counted(unknown, 'line')} of VOT's marks 1 and 2 (started, failed): no box there"] if unknown else []
    return GivenBoxes({1: boxes}, {1: absent}, notes=tuple(notes))


def _kind(width: int) -> str:
    return "polygon" if width == 8 else "xywh"


def _line_box(path: Path, line: int, fields: list[str], width: int, kind: str | None) -> Box | None:
    if kind is None and len(fields) == 1 and fields[0] == ABSENT_MARK:
        return None
    if _is_all_empty(fields):
        return None
    if not any(fields):
        raise mistake(path, "is blank; write nan,nan,nan,nan where the object is absent", line)
    if (kind is None and len(fields) != width) or width == 1:
        text = ",".join(fields)
        amount, form = ("eight", "x1,y1,...,x4,y4") if width == 8 else ("four", "x,y,w,h")
        raise mistake(path, f"{shown(text)} is not {amount} numbers; write {form}{comma_hint(text)}", line)
    return read_box(path, line, fields, kind or _kind(width))


def _is_all_empty(fields: Sequence[str]) -> bool:
    """Whether a line is separators alone, as spreadsheets write rows without numbers."""
    return len(fields) >= 4 and not any(fields)


def _refuse_width(path: Path, rows: Sequence[Fields], width: int) -> None:
    """Refuse lines of a number of fields that is no box's."""
    if width in (1, 4, 8):
        return
    line, fields = next((row for row in rows if len(row[1]) == width), rows[0])
    text = ",".join(fields)
    values = [number(field) for field in fields]
    if width == 5 and None not in values:
        if all(0 <= (value or 0) <= 1 for value in values[1:]):
            raise mistake(
                path, f"{shown(text)} is YOLO's class and centre and size in parts of the frame; write x,y,w,h in "
                "pixels, from the top left corner", line,
            )  # fmt: skip
        raise mistake(
            path, f"{shown(text)} has five numbers; write x,y,w,h alone, or a table with the header {HEADER}", line
        )
    raise mistake(path, f"{shown(text)} is not four numbers{comma_hint(text) or '; write x,y,w,h'}", line)


def _count_message(path: Path, rows: Sequence[Fields], num_frames: int, kind: str) -> str:
    said = f"{counted(len(rows), 'box')} for {counted(num_frames, 'frame')}"
    blank = sum(not any(fields) for _, fields in rows)
    if blank:
        said += f" ({counted(blank, 'line')} of them blank)"
    said += "; give one line per frame (nan,nan,nan,nan where the object is absent)"
    if len(rows) == 1:
        box = read_box(path, rows[0][0], rows[0][1], kind) if len(rows[0][1]) in (4, 8) else None
        shown_box = "x,y,w,h" if box is None else ",".join(f"{value:g}" for value in box)
        said += (
            ", or track from the box of the first frame: run_tracker.py lwl box2mask_init --video PATH "
            f"--box {shown_box}"
        )
    return said
