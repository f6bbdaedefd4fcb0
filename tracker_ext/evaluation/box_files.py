"""Boxes in text files: one box per line, or a table `frame,object,x,y,w,h`."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError

TABLE_COLUMNS = ("frame", "object", "x", "y", "w", "h")


def read_boxes(path: str | Path, num_frames: int) -> dict[int, np.ndarray]:
    """Read the boxes of a clip.

    Two forms are understood. Lines `x,y,w,h` (comma, tab or space between the numbers), one per frame: the
    boxes of object 1; a line of four `nan` or four zeros stands for an absent object. Or CSV with the header
    `frame,object,x,y,w,h` (in any order): frames count from 0, objects from 1, rows that are not there mean
    absent.

    Args:
        path: the text file.
        num_frames: N, the number of frames of the clip.

    Returns:
        Object id -> [N, 4] float64 (x, y, w, h), pixels; nan rows where the object is absent. Ids ascend.

    Raises:
        UserError: unreadable, empty, a malformed line, a count that differs from the clip's, a box given twice.
    """
    path = Path(path)
    lines = _lines(path)
    if _has_header(lines):
        return _read_table(path, lines, num_frames)
    if len(lines) != num_frames:
        raise UserError(
            f"box file {path}: {len(lines)} boxes for {num_frames} frames; give one line per frame "
            f"(nan,nan,nan,nan where the object is absent)"
        )
    return {1: np.stack([_line_box(path, number, line) for number, line in enumerate(lines, 1)])}


def is_table(path: str | Path) -> bool:
    """Whether a box file is a table with a header, whose rows name their frames, rather than a line per frame.

    Raises:
        UserError: unreadable or empty.
    """
    return _has_header(_lines(Path(path)))


def box_line(box: Iterable[float] | None) -> str:
    """One line of a box file: `x,y,w,h` without needless digits; four nan for an absent object."""
    values = (math.nan,) * 4 if box is None else tuple(box)
    return ",".join("nan" if math.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".") for value in values)


def _lines(path: Path) -> list[str]:
    """The lines of a box file, without empty ones at its end."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no text file" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UserError(f"box file {path} cannot be read ({reason}); check the path") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise UserError(f"box file {path} is empty; give one x,y,w,h line per frame")
    return lines


def _has_header(lines: list[str]) -> bool:
    return not _is_number(re.split(r"[,;\s]+", lines[0].strip())[0])


def _line_box(path: Path, number: int, line: str) -> np.ndarray:
    fields = [field for field in re.split(r"[,;\s]+", line.strip()) if field]
    if len(fields) != 4:
        remedy = f", or begin the file with {','.join(TABLE_COLUMNS)}" if len(fields) == len(TABLE_COLUMNS) else ""
        raise UserError(f"box file {path} line {number}: {line.strip()!r} is not four numbers; write x,y,w,h{remedy}")
    return _box(path, number, fields)


def _box(path: Path, number: int, fields: list[str]) -> np.ndarray:
    """[4] float64, all finite or all nan; many data sets write four zeros for an object that is not there."""
    shown = ",".join(fields)
    try:
        box = np.array([float(field) for field in fields])
    except ValueError:
        raise UserError(f"box file {path} line {number}: {shown!r} is not four numbers; write x,y,w,h") from None
    if np.isnan(box).all() or not box.any():
        return np.full(4, np.nan)
    if not np.isfinite(box).all():
        raise UserError(f"box file {path} line {number}: {shown!r} is not finite; write x,y,w,h or four nan")
    return box


def _read_table(path: Path, lines: list[str], num_frames: int) -> dict[int, np.ndarray]:
    reader = csv.reader(lines)
    header = [field.strip().lower() for field in next(reader)]
    if sorted(header) != sorted(TABLE_COLUMNS):
        if lines[0].lstrip()[:1] in ("{", "["):
            raise UserError(f"box file {path}: is json, which goes with run_annotate.py folder PATH --boxes FILE")
        shown = lines[0].strip()
        shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
        raise UserError(f"box file {path}: header {shown!r}; write {','.join(TABLE_COLUMNS)}")
    column = {name: header.index(name) for name in TABLE_COLUMNS}
    boxes: dict[int, np.ndarray] = {}
    seen: set[tuple[int, int]] = set()
    for number, row in enumerate(reader, 2):
        fields = [field.strip() for field in row]
        if not any(fields):
            continue
        if len(fields) != len(header):
            raise UserError(f"box file {path} line {number}: {len(fields)} fields, the header has {len(header)}")
        frame = _whole(path, number, "frame", fields[column["frame"]])
        object_id = _whole(path, number, "object", fields[column["object"]])
        if not 0 <= frame < num_frames:
            raise UserError(f"box file {path} line {number}: frame {frame} of {num_frames} frames; count them from 0")
        if not 1 <= object_id <= 254:
            raise UserError(f"box file {path} line {number}: object {object_id}; ids run from 1 to 254")
        if (frame, object_id) in seen:
            raise UserError(
                f"box file {path} line {number}: a second box of object {object_id} in frame {frame}; keep one"
            )
        seen.add((frame, object_id))
        track = boxes.setdefault(object_id, np.full((num_frames, 4), np.nan))
        track[frame] = _box(path, number, [fields[column[name]] for name in ("x", "y", "w", "h")])
    if not boxes:
        raise UserError(f"box file {path} has a header and no boxes; give one row per frame and object")
    return dict(sorted(boxes.items()))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _whole(path: Path, number: int, name: str, field: str) -> int:
    try:
        return int(field)
    except ValueError:
        raise UserError(f"box file {path} line {number}: {name} {field!r} is not a whole number; write one") from None
