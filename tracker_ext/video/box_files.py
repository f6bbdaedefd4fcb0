"""Boxes in text files: one reader for all their forms, which it tells apart by what is in the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.box_documents import document_boxes
from tracker_ext.video.box_lines import read_per_frame, usual_width
from tracker_ext.video.box_marks import ClipFacts
from tracker_ext.video.box_rows import GivenBoxes, arrange
from tracker_ext.video.box_tables import Columns, is_header, read_header, read_rows, refuse_header, table_rows
from tracker_ext.video.box_text import HEADER, Line, mistake, read_lines, separator_of, split_fields, without_comments
from tracker_ext.video.box_tracks import is_kitti, is_mot, kitti_rows, mot_rows
from tracker_ext.video.decimal_commas import Fields, with_points

__all__ = [
    "TABLE_COLUMNS",
    "GivenBoxes",
    "box_line",
    "read_boxes",
    "read_given_boxes",
    "read_track",
    "refuse_corners",
    "refuse_relative",
]

TABLE_COLUMNS = tuple(HEADER.split(","))
LEAST_SIDE = 2
"""Pixels; boxes that are all smaller are parts of the frame, or useless."""
FAR_OUT, FAR_OUT_SHARE = 0.1, 0.2
"""How far boxes reach out of the frame, in sides of it, and what share of them, to be taken for corners."""


def read_given_boxes(
    path: str | Path,
    num_frames: int,
    stems: Sequence[str] | None = None,
    *,
    sizes: Callable[[], Sequence[tuple[int, int]]] | None = None,
    name: str = "",
) -> GivenBoxes:
    """Read the boxes of a clip.

    The forms, told apart by what is in the file:

    * a line per frame: `x,y,w,h` (comma, semicolon, tab or blank; brackets may be around), with or without a header
      that names the four columns; or VOT's polygons of eight numbers, of which the upright box around is taken;
    * a CSV table with a header, `frame,object,x,y,w,h` or other usual names, also of corners; further columns do not
      matter; frames count from 0, or are the names of pictures;
    * MOTChallenge lines `frame,id,x,y,w,h,...` without a header, frames and pixels from 1; see `mot_rows`;
    * KITTI tracking labels, frames from 0; see `kitti_rows`.

    And what annotation tools export, as a file, a folder or a zip archive: CVAT's XML, json of Label Studio, COCO and
    YouTube-VIS, or a file for each frame of LabelMe, YOLO or VOC; see `document_boxes`.

    Numbers that are all nan (or missing), all 0 or all -1 state that the object is absent, as VOT's line `0` does; a
    row that is not in a table says nothing. Lines that begin with `#` are comments.

    Args:
        path: the file, or a folder with a file for each frame.
        num_frames: F, the number of frames of the clip.
        stems: names of the clip's pictures without suffix, in order; None for a video.
        sizes: gives (height, width) of the frames, for boxes in parts of the frame; None where that is not known.
        name: of the clip, by which it is found in a file of several.

    Raises:
        UserError: unreadable, empty, no list of boxes, a malformed line, a count that differs from the clip's, a
            frame that is none of the clip's, a box given twice.
    """
    path = Path(path)
    clip = ClipFacts(num_frames, stems, sizes and cache(sizes), name)
    read = document_boxes(path, clip, lambda file: _text_boxes(file, num_frames, stems))
    return _text_boxes(path, num_frames, stems) if read is None else read


def _text_boxes(path: Path, num_frames: int, stems: Sequence[str] | None) -> GivenBoxes:
    """The boxes of a file of lines."""
    form, given, columns = _form(path)
    if form == "table":
        assert columns is not None
        first = 1 if columns.mot else 0
        return arrange(path, table_rows(path, given, columns), num_frames, stems, first=first, keep_ids=True)
    rows = list(given)
    if form == "mot":
        found, notes = mot_rows(path, rows)
        return arrange(path, found, num_frames, stems, first=1, keep_ids=False, notes=notes)
    if form == "kitti":
        return arrange(path, kitti_rows(path, rows), num_frames, stems, first=0, keep_ids=False)
    if columns is None:
        return read_per_frame(path, rows, num_frames)
    boxes = [(line, [row[index] for index in columns.box]) for line, row in rows]
    return read_per_frame(path, boxes, num_frames, columns.kind)


def read_boxes(path: str | Path, num_frames: int) -> dict[int, np.ndarray]:
    """The boxes alone: object id -> [F, 4]; see `read_given_boxes`."""
    return read_given_boxes(path, num_frames).boxes


def read_track(path: str | Path, num_frames: int) -> np.ndarray:
    """The boxes of a file that holds one object: [F, 4]; see `read_given_boxes`.

    Raises:
        UserError: as there; several objects.
    """
    boxes = read_boxes(path, num_frames)
    if len(boxes) > 1:
        raise mistake(Path(path), f"{len(boxes)} objects where one is expected; write one x,y,w,h line per frame")
    return next(iter(boxes.values()))


def refuse_relative(boxes: Mapping[int, np.ndarray], name: str) -> None:
    """Refuse boxes that are parts of the frame rather than pixels: all numbers up to 1, or every side below 2.

    Args:
        boxes: object id -> [F, 4] (x, y, w, h), nan where there is none.
        name: for the message.

    Raises:
        UserError: they are.
    """
    given = np.concatenate([np.empty((0, 4)), *(np.reshape(track, (-1, 4)) for track in boxes.values())])
    given = given[np.isfinite(given).all(axis=1)]
    if not len(given) or (given[:, 2:] >= LEAST_SIDE).any():
        return
    first = box_line(given[0])
    if (given <= 1).all():
        raise UserError(
            f"{name}: boxes such as {first} are parts of the frame; multiply x, w by its width and y, h by its height"
        )
    raise UserError(f"{name}: boxes such as {first} have no side of {LEAST_SIDE} pixels; give x,y,w,h in pixels")


def refuse_corners(boxes: Mapping[int, np.ndarray], sizes: Sequence[tuple[int, int]], name: str) -> None:
    """Refuse boxes that are x1,y1,x2,y2: all lie inside the frame so read, and some reach far out of it as x,y,w,h.

    Args:
        boxes: object id -> [F, 4] (x, y, w, h), image pixels; nan where there is none.
        sizes: (height, width) of the F frames.
        name: for the message.

    Raises:
        UserError: they are.
    """
    frame_wh = np.asarray(sizes, dtype=np.float64).reshape(-1, 2)[:, ::-1]
    tracks = [(track[rows], frame_wh[rows]) for track in boxes.values() for rows in [np.isfinite(track).all(axis=1)]]
    given = np.concatenate([np.empty((0, 4)), *(track for track, _ in tracks)])
    frames = np.concatenate([np.empty((0, 2)), *(wh for _, wh in tracks)])
    corners = (given[:, :2] >= 0) & (given[:, :2] < given[:, 2:]) & (given[:, 2:] <= frames)
    beyond = ((given[:, :2] + given[:, 2:] - frames) / frames).max(axis=1, initial=0)
    if not len(given) or not corners.all() or (beyond > FAR_OUT).mean() < FAR_OUT_SHARE:
        return
    worst = given[np.argmax(beyond)]
    right = box_line((*worst[:2], *(worst[2:] - worst[:2])))
    raise UserError(
        f"{name}: boxes such as {box_line(worst)} reach far out of the frame, as corners do; of x1,y1,x2,y2 write "
        f"{right}, or the header x1,y1,x2,y2; true boxes cut off at the frame"
    )


def box_line(box: Iterable[float] | None) -> str:
    """One line of a box file: `x,y,w,h` without needless digits; four nan for an absent object."""
    values = (math.nan,) * 4 if box is None else tuple(box)
    return ",".join("nan" if math.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".") for value in values)


def _form(path: Path) -> tuple[str, Iterable[Fields], Columns | None]:
    """Which form a file has.

    Returns:
        `mot`, `kitti`, `table` or `lines`; the fields of its lines without header and comments, numbers with decimal
        points; and its columns, where a header is there.
    """
    lines, comment = without_comments(read_lines(path))
    if lines and lines[0].text.lower().startswith("sep="):  # what Excel is told by
        lines = lines[1:]
    if not lines:
        raise mistake(path, "has no boxes; give one x,y,w,h line per frame")
    first = split_fields(lines[0].text)
    if is_header(first):
        columns, names, separator = read_header(lines[0])
        refuse_header(path, lines[0], columns, names)
        return _table_form(columns), read_rows(path, lines[1:], separator, len(names), columns), columns
    rows = [(line.number, split_fields(line.text)) for line in lines]
    if is_kitti(first):
        return "kitti", with_points(path, rows), None
    width = usual_width(rows)
    if comment:
        columns, names, _ = read_header(Line(0, comment))
        if columns.is_complete and len(names) == width:
            separator = separator_of(lines[0].text)
            return _table_form(columns), read_rows(path, lines, separator, width, columns), columns
    rows = with_points(path, rows)
    if width >= 6 and is_mot([fields for _, fields in rows if len(fields) == width]):
        return "mot", rows, None
    return "lines", rows, None


def _table_form(columns: Columns) -> str:
    return "lines" if columns.frame is None else "table"
