"""Tables beside the masks of a clip: the boxes that they were made from, and how sure each mask is."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tracker_ext.video.box_files import TABLE_COLUMNS, box_line
from tracker_ext.video.frames import FrameSource, Pictures

GIVEN_FILE = "given_boxes.csv"
"""`frame,object,x,y,w,h`, as `run_annotate.py` reads it; see `given_csv`."""
CONFIDENCE_FILE = "confidence.csv"
"""`frame,object,confidence`: of each mask, 0 to 1; frames are counted from 0."""
CONFIDENCE_COLUMNS = ("frame", "object", "confidence")


def frame_names(frames: FrameSource) -> list[str] | None:
    """How a table names the frames; None of a video, whose frames it counts from 0.

    Pictures are named, with their suffix where one of the names could be taken for a position: 7 may be one, 7.jpg not.
    """
    if not isinstance(frames, Pictures):
        return None
    stems = frames.stems()
    return [path.name for path in frames.paths] if any(map(_is_number, stems)) else stems


def given_csv(rows: Iterable[tuple[int, int, ArrayLike | None]], names: Sequence[str] | None = None) -> str:
    """A table of boxes.

    Args:
        rows: (frame, object id, box (x, y, w, h)); None for "not there", written as four nan.
        names: see `frame_names`.
    """
    lines = [",".join(TABLE_COLUMNS)]
    for frame, object_id, box in sorted(rows, key=lambda row: row[:2]):
        known = None if box is None else np.asarray(box, np.float64)
        lines.append(f"{names[frame] if names else frame},{object_id},{box_line(known)}")
    return "\n".join(lines) + "\n"


def given_rows(
    boxes: Mapping[int, np.ndarray], absent: Mapping[int, np.ndarray]
) -> list[tuple[int, int, np.ndarray | None]]:
    """The rows of `given_csv` of tracks.

    Args:
        boxes: object id -> [F, 4] (x, y, w, h), image pixels; nan where none is given.
        absent: object id -> [F] bool: the object is not to be seen; a box there counts for nothing.
    """
    rows: list[tuple[int, int, np.ndarray | None]] = []
    for object_id, track in boxes.items():
        gone = absent.get(object_id, np.zeros(len(track), bool))
        rows += [(frame, object_id, None) for frame in np.flatnonzero(gone).tolist()]
        given = np.isfinite(track).all(axis=1) & ~gone
        rows += [(frame, object_id, track[frame]) for frame in np.flatnonzero(given).tolist()]
    return rows


def confidence_csv(rows: Iterable[tuple[int, int, float]]) -> str:
    """A table of (frame, object id, confidence)."""
    lines = [",".join(CONFIDENCE_COLUMNS)]
    lines += [f"{frame},{object_id},{value:.4f}" for frame, object_id, value in sorted(rows)]
    return "\n".join(lines) + "\n"


def read_confidences(path: Path) -> dict[tuple[int, int], float]:
    """(object id, frame) -> confidence. What cannot be read is left out: a mask is no worse without a number."""
    found: dict[tuple[int, int], float] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                value = float(line["confidence"])
                if math.isfinite(value):
                    found[int(line["object"]), int(line["frame"])] = min(1.0, max(0.0, value))
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        pass
    return found


def _is_number(stem: str) -> bool:
    """Whether a name is a number as one is written, without leading zeros."""
    return stem.isascii() and stem.isdigit() and stem == str(int(stem))
