"""Box tables without a header: MOTChallenge and KITTI tracking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ltr_ext.text import counted
from tracker_ext.video.box_rows import Row, read_box
from tracker_ext.video.box_text import comma_hint, mistake, number, shown, whole
from tracker_ext.video.decimal_commas import Fields

MOT_FIELDS = 6
KITTI_FIELDS = 10
"""Those up to the box; 17 in all, 18 in results."""


def is_kitti(fields: Sequence[str]) -> bool:
    """`frame id type truncated occluded alpha left top right bottom ...`, where the type is a word."""
    if len(fields) < KITTI_FIELDS or number(fields[2]) is not None or not re.match(r"[A-Za-z]", fields[2]):
        return False
    return all(number(field) is not None for field in (*fields[:2], *fields[3:KITTI_FIELDS]))


def is_mot(rows: Sequence[Sequence[str]]) -> bool:
    """Whether lines of at least six numbers are MOT's; lines of eight may also be polygons.

    Args:
        rows: all lines' fields, as many in each.
    """
    width = len(rows[0])
    if width != 8:
        return width >= MOT_FIELDS
    keys = {(row[0], row[1]) for row in rows}
    if len(keys) < len(rows) or any(_is_upright(row) for row in rows):
        return False
    return all(_may_be_mot_of_eight(row) for row in rows)


def _is_upright(row: Sequence[str]) -> bool:
    """Whether eight numbers are the corners of an upright box, or all the same."""
    x1, y1, x2, y2, x3, y3, x4, y4 = row
    return (x1 == x4 and x2 == x3 and y1 == y2 and y3 == y4) or (x1 == x2 and x3 == x4 and y1 == y4 and y2 == y3)


def _may_be_mot_of_eight(row: Sequence[str]) -> bool:
    values = [number(field) for field in row[:7]]
    if any(value is None for value in values):
        return True  # a class by name, or a mistake that the reader of MOT names
    frame, _, _, _, w, h, confidence = (value or 0.0 for value in values)
    sized = (w > 0 and h > 0) or (w == h and w <= 0)
    return (
        None not in (whole(row[0]), whole(row[1]), whole(row[7]))
        and frame >= 0 and sized and (0 <= confidence <= 1 or confidence == -1)
    )  # fmt: skip


def mot_rows(path: Path, lines: Sequence[Fields]) -> tuple[list[Row], list[str]]:
    """Lines `frame,id,x,y,w,h,confidence,class,visibility`; frames and pixels count from 1.

    Lines of confidence 0 are not to be used (the rule of MOTChallenge's ground truth) and left out. The visibility
    is not looked at: CVAT writes 0 for objects that are partly hidden.

    Returns:
        The rows, and notes.

    Raises:
        UserError: a malformed line; nothing but confidence 0.
    """
    rows = []
    unused = hidden = 0
    for line, fields in lines:
        if not any(fields):
            continue
        if len(fields) < MOT_FIELDS or any(number(field) is None for field in fields[:MOT_FIELDS]):
            hint = comma_hint(";".join(fields))
            raise mistake(path, f"{shown(','.join(fields))} is not frame,id,x,y,w,h,...{hint}", line)
        for name, text in (("frame", fields[0]), ("object", fields[1])):
            if whole(text) is None:
                raise mistake(
                    path, f"{name} {shown(text)} is not a whole number; lines of {len(fields)} numbers are read as "
                    "MOT's frame,id,x,y,w,h,...", line,
                )  # fmt: skip
        confidence = number(fields[6]) if len(fields) > 6 else 1.0
        if confidence is None:
            raise mistake(path, f"confidence {shown(fields[6])} is not a number; write one", line)
        if confidence == 0:
            unused += 1
            continue
        box = read_box(path, line, fields[2:6])
        hidden += box is not None and len(fields) == 9 and number(fields[8]) == 0
        rows.append(Row(line, fields[0], fields[1], box and (box[0] - 1, box[1] - 1, *box[2:])))
    if not rows:
        raise mistake(
            path, f"confidence 0 in all of {counted(unused, 'line')}, which means that they are not to be used; "
            "write 1 for the boxes that are",
        )  # fmt: skip
    notes = []
    if unused:
        notes.append(f"{counted(unused, 'box')} of confidence 0 left out, as MOT's rules say")
    if hidden:
        notes.append(f"{counted(hidden, 'box')} of visibility 0 used (CVAT writes 0 for occluded)")
    return rows, notes


def kitti_rows(path: Path, lines: Sequence[Fields]) -> list[Row]:
    """Lines `frame id type truncated occluded alpha left top right bottom ...`; frames from 0; `DontCare` left out.

    Raises:
        UserError: a malformed line; nothing but `DontCare`.
    """
    rows = []
    for line, fields in lines:
        if not any(fields):
            continue
        if not is_kitti(fields):
            raise mistake(
                path, f"{shown(' '.join(fields))} is not KITTI's frame id type truncated occluded alpha left top right "
                "bottom", line,
            )  # fmt: skip
        if fields[2].lower() == "dontcare":
            continue
        for name, text in (("frame", fields[0]), ("object", fields[1])):
            if whole(text) is None:
                raise mistake(path, f"{name} {shown(text)} is not a whole number; write one", line)
        rows.append(Row(line, fields[0], fields[1], read_box(path, line, fields[6:10], "corners")))
    if not rows:
        raise mistake(path, "has no object, only DontCare; give another file")
    return rows
