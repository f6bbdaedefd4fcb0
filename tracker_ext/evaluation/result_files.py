"""Files of numbers that trackers write: boxes of a sequence, times.

<seq>[_<id>].txt               as pytracking, run_tracker.py, TrackingNet's server have them
<seq>/<seq>[_<id>]_001.txt     as the GOT-10k and VOT toolkits have them: the first repetition
<seq>[_<id>]_time.txt          seconds per frame, beside the boxes
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.video.regions import region_box

REPETITION = "001"
CODES = ("0", "1", "2")
"""VOT's words for a frame without a region: unknown, the first frame of a run, failure."""
FIRST_OF_RUN = "1"


def find_boxes(root: Path, name: str) -> Path | None:
    """The box file of a sequence, or of one object of it; None if there is none."""
    places = (root / f"{name}.txt", root / name / f"{name}_{REPETITION}.txt")
    return next((path for path in places if path.is_file()), None)


def find_times(root: Path, name: str) -> Path | None:
    """The file of times that belongs to `find_boxes`."""
    places = (root / f"{name}_time.txt", root / name / f"{name}_time.txt")
    return next((path for path in places if path.is_file()), None)


def read_result(path: Path, num_frames: int, start: int = 0) -> np.ndarray:
    """A tracker's boxes, one line per frame: `x,y,w,h` with commas, tabs or spaces between.

    What the VOT toolkit writes is read, too: the code 1 on the first line (the box was given), codes 0 and 2 (no box),
    polygons of eight numbers (the box around them), masks in its run lengths (the box around them).

    Args:
        path: the text file.
        num_frames: N, of the sequence.
        start: the frame on which the object enters; the host writes nothing before it.

    Returns:
        [N, 4] float64 (x, y, w, h), pixels; nan where there is no box.

    Raises:
        UserError: unreadable, another number of lines, or a line that is none of these.
    """
    lines = _lines(path)
    boxes = [_box(path, number, line) for number, line in enumerate(lines, 1)]
    if len(lines) not in (num_frames, num_frames - start):
        difference = len(lines) - num_frames
        count = f"{abs(difference)} {'more' if difference > 0 else 'fewer'}"
        raise UserError(
            f"result file {path}: {counted(len(lines), 'box')} for {counted(num_frames, 'frame')}, {count}; write one "
            "line per frame, or track again"
        )
    if lines and all(line in CODES for line in lines):
        raise UserError(f"result file {path}: codes without one box; write x,y,w,h per frame, or track again")
    before = np.full((num_frames - len(lines), 4), np.nan)
    return np.concatenate([before, np.array(boxes, np.float64).reshape(-1, 4)])


def read_table(path: Path, columns: int) -> np.ndarray:
    """[N, columns] float64 from a file of numbers, comma, tab or space between; every line has that many.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    rows = [_numbers(path, number, line) for number, line in enumerate(_lines(path), 1)]
    for number, row in enumerate(rows, 1):
        if len(row) != columns:
            raise _not_read(path, number, f"{counted(len(row), 'number')} instead of {columns}")
    return np.array(rows, np.float64).reshape(-1, columns)


def read_times(path: Path) -> np.ndarray:
    """[N] seconds per frame, float64; of several repetitions, which GOT-10k has as columns, the first.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    rows = [_numbers(path, number, line) for number, line in enumerate(_lines(path), 1)]
    if len({len(row) for row in rows}) > 1:
        raise UserError(f"result file {path} cannot be read (lines of unequal length); delete it and track again")
    return np.array([row[0] for row in rows], np.float64)


def _lines(path: Path) -> list[str]:
    """The lines that are not empty, without space around.

    Raises:
        UserError: it cannot be read as text.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "no such file")
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no text file" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UserError(f"result file {path} cannot be read ({reason}); delete it and track again") from error
    return [line for line in lines if line]


def _box(path: Path, number: int, line: str) -> np.ndarray:
    """[4] float64 of a line; nan for an absent object."""
    if line in CODES:
        if line == FIRST_OF_RUN and number > 1:
            raise _not_read(path, number, "a run that starts anew, as in VOT's supervised experiments, is not one run")
        return np.full(4, np.nan)
    if line.startswith("m"):
        try:
            return region_box(line)
        except ValueError as error:
            raise _not_read(path, number, str(error)) from None
    row = _numbers(path, number, line)
    if len(row) not in (4, 8):
        raise _not_read(path, number, f"{counted(len(row), 'number')} instead of x,y,w,h")
    values = np.array(row)
    if np.isnan(values).all():
        return np.full(4, np.nan)
    if not np.isfinite(values).all():
        raise _not_read(path, number, "not finite")
    if len(row) == 4:
        return values
    corners = values.reshape(4, 2)
    return np.concatenate([corners.min(axis=0), np.ptp(corners, axis=0)])


def _numbers(path: Path, number: int, line: str) -> list[float]:
    """The numbers of a line."""
    fields = re.split(r"\s*[,;]\s*|\s+", line.rstrip(",; \t"))
    try:
        if "_" in line or ("," in line and ";" in line):
            raise ValueError
        return [float(field) for field in fields]
    except ValueError:
        raise _not_read(path, number, "not numbers") from None


def _not_read(path: Path, number: int, reason: str) -> UserError:
    return UserError(f"result file {path} cannot be read (line {number}: {reason}); write x,y,w,h, or track again")
