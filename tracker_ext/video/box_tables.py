"""Box tables with a header: CSV of any usual separator, with the usual names of its columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tracker_ext.video.box_rows import Row, read_box
from tracker_ext.video.box_text import COMMA, HEADER, Line, mistake, number, shown, split_quoted
from tracker_ext.video.decimal_commas import Fields, with_points

FRAME_NAMES = (
    "frame", "frame_id", "frameid", "frame_index", "frame_idx", "frame_number", "frame_num", "frame_no", "frames",
    "image", "image_name", "image_file", "img", "img_name", "picture", "filename", "file_name", "file", "image_id",
    "image_path",
)  # fmt: skip
OBJECT_NAMES = (
    "object", "object_id", "objectid", "obj_id", "objid", "obj", "track_id", "trackid", "track", "tracking_id",
    "instance_id", "instance", "target_id", "target", "identity", "id",
)  # fmt: skip
"""Where a table has several of these columns, the one that comes first here counts."""
BOX_NAMES = {
    "corners": (
        ("x1", "y1", "x2", "y2"), ("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"),
        ("left", "top", "right", "bottom"), ("xtl", "ytl", "xbr", "ybr"), ("l", "t", "r", "b"),
    ),
    "xywh": tuple(
        (*corner, *size)
        for corner in (("x", "y"), ("left", "top"), ("xmin", "ymin"), ("x1", "y1"), ("xtl", "ytl"), ("l", "t"))
        for size in (("w", "h"), ("width", "height"))
    ),
    "centre": tuple(
        (*centre, *size)
        for centre in (("cx", "cy"), ("xc", "yc"), ("xcenter", "ycenter"), ("xcentre", "ycentre"))
        for size in (("w", "h"), ("width", "height"))
    ),
}  # fmt: skip
"""Kind of box -> names of its four columns, first match counts. Corners go before sizes: beside them, `width` and
`height` are often those of the picture."""


def is_header(fields: Sequence[str]) -> bool:
    """Whether a line names columns: its first field that is not empty is a word and no number."""
    filled = next((field for field in fields if field), "")
    return number(filled) is None and not COMMA.fullmatch(filled) and re.search(r"[^\W\d]", filled) is not None


class Columns:
    """Where a table has what.

    Attributes:
        frame: index of the column, None if there is none.
        object: the same.
        kind: of box, as `read_box` takes it; None if no four columns are one.
        box: indices of its columns.
        mot: whether the names are those of MOTChallenge, whose frames and pixels count from 1.
    """

    def __init__(self, header: Sequence[str]) -> None:
        names = [re.sub(r"[\W_]+", "_", field.lower()).strip("_") for field in header]
        plain = [re.sub(r"^(bb|bbox|box)_|_", "", name) for name in names]
        self.mot = any(name.startswith("bb_") for name in names)
        if self.mot:  # x, y, z are places in the world there
            plain = [name if names[index].startswith("bb_") else "" for index, name in enumerate(plain)]
        self.frame = next((names.index(name) for name in FRAME_NAMES if name in names), None)
        self.object = next((names.index(name) for name in OBJECT_NAMES if name in names), None)
        self.kind: str | None = None
        self.box: list[int] = []
        for kind, families in BOX_NAMES.items():
            family = next((family for family in families if set(family) <= set(plain)), None)
            if family is not None and self.kind is None:
                self.kind, self.box = kind, [plain.index(name) for name in family]

    @property
    def is_complete(self) -> bool:
        """Whether boxes can be told: without a frame there is one box a line, without an object it is one object."""
        return self.kind is not None and (self.frame is not None or self.object is None)


def read_header(line: Line) -> tuple[Columns, list[str], str | None]:
    """What the first line of a table says.

    Returns:
        The columns, their names, and the separator: the one by which most columns are understood; None for blanks.
    """
    best: tuple[int, Columns, list[str], str | None] | None = None
    for separator in (",", ";", "\t", None):
        names = split_row(line.text, separator)
        while names and not names[-1]:
            names.pop()
        columns = Columns(names)
        score = len(columns.box) + (columns.frame is not None) + (columns.object is not None)
        if best is None or score > best[0]:
            best = (score, columns, names, separator)
    assert best is not None
    return best[1:]


def split_row(text: str, separator: str | None) -> list[str]:
    """Fields of one line, without quotes."""
    if separator is None:
        return [field.strip("\"'") for field in re.findall(r'"[^"]*"|\S+', text)]
    return [field.strip().strip("\"'") for field in split_quoted(text, separator)]


def refuse_header(path: Path, line: Line, columns: Columns, names: Sequence[str]) -> None:
    """Refuse a first line that does not name the columns of a table.

    Raises:
        UserError: a column is missing.
    """
    if columns.is_complete:
        return
    if re.match(r"m\d+,", line.text):
        raise mistake(path, "holds masks of the VOT challenge; give their boxes as x,y,w,h lines", line.number)
    if len(names) >= 5 and all(number(field) is not None for field in names[1:5]):
        raise mistake(
            path, f"{shown(line.text)} does not begin with a number; begin the file with a header, {HEADER}, in which "
            "a frame may be the name of its picture", line.number,
        )  # fmt: skip
    missing = [
        name
        for name, there in (("frame", columns.frame), ("object", columns.object), ("x,y,w,h", columns.kind))
        if there is None
    ]
    raise mistake(path, f"header {shown(line.text)} has no column {' and none '.join(missing)}; write {HEADER}")


def read_rows(
    path: Path, lines: Sequence[Line], separator: str | None, width: int, columns: Columns
) -> Iterator[Fields]:
    """Line numbers and fields of the rows below a header; blank lines are left out.

    R writes the names of rows without a name for their column: where every row has one field more than the header,
    the first is left out. Empty fields at the end of a row may be too many, or missing.

    Args:
        path: for messages.
        lines: below the header.
        separator: see `read_header`.
        width: columns of the header.
        columns: what they are.

    Raises:
        UserError: another number of fields than the header's; see `with_points`, too.
    """
    if separator is None:
        rows = [(line.number, split_row(line.text, None)) for line in lines]
    else:
        try:
            rows = list(_csv_rows(lines, separator))
        except csv.Error as error:
            raise mistake(path, f"is no CSV ({error}); check its quotes") from error
    rows = [(line, fields) for line, fields in rows if fields not in ([], [""])]
    named = bool(rows) and all(len(fields) == width + 1 and fields[-1] for _, fields in rows)
    used = [index for index in (columns.frame, columns.object, *columns.box) if index is not None]
    for line, fields in with_points(path, [(line, fields[1:] if named else fields) for line, fields in rows], used):
        filled = len(fields)
        while filled > width and not fields[filled - 1]:
            filled -= 1
        if any(fields) and not max(used) < filled <= width:
            raise mistake(path, f"{filled} fields, the header has {width}", line)
        yield line, fields[:filled] + [""] * (width - filled)


def table_rows(path: Path, rows: Iterable[Fields], columns: Columns) -> list[Row]:
    """The boxes of a table whose rows name their frame, and the object where there are several.

    Raises:
        UserError: a field that is not what its column wants; no boxes at all.
    """
    assert columns.kind is not None
    assert columns.frame is not None
    found = []
    for line, fields in rows:
        if not any(fields):  # a row of commas, as spreadsheets leave them
            continue
        frame, name = fields[columns.frame], "1" if columns.object is None else fields[columns.object]
        for what, text in (("frame", frame), ("object", name)):
            if text.lower() in ("", "nan", "na", "none", "null"):
                raise mistake(path, f"{what} {shown(text)} is missing; write one", line)
        box = read_box(path, line, [fields[index] for index in columns.box], columns.kind)
        if box is not None and columns.mot:
            box = (box[0] - 1, box[1] - 1, *box[2:])
        found.append(Row(line, frame, name, box))
    if not found:
        raise mistake(path, "has a header and no boxes; give one row per frame and object")
    return found


def _csv_rows(lines: Sequence[Line], separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line.text for line in lines), delimiter=separator, skipinitialspace=True)
    before = 0
    for fields in reader:
        number_of_line = lines[min(before, len(lines) - 1)].number
        before = reader.line_num
        yield number_of_line, [field.strip().strip("\"'") for field in fields]
