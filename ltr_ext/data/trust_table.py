"""The trust table of a sequence, which says how far each of its masks can be trusted.

It is a CSV file with one row per frame and object. Annotation writes it; the report and the data sets for training read
it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ltr_ext.csv_text import csv_rows, csv_text
from ltr_ext.errors import UserError
from ltr_ext.output import write_text


@dataclass(frozen=True)
class Trust:
    """What can be said about a mask without its ground truth."""

    confidence: float
    """Estimated Jaccard index J of the mask, 0..1; 0 if the mask of an object with a given box is empty; nan if there
    is nothing to estimate it from."""
    tightness: float
    """IoU of the mask's own box and the given box, 0..1; 0 for an empty mask, nan without a given box."""
    area: int
    """Area of the mask in pixels."""
    area_jump: float
    """|log2| of the ratio of the area to that of the object's previous mask; 1 means doubled or halved; nan for the
    first mask."""
    parts: int
    """Number of connected parts (8 neighbours) that have at least a hundredth of the mask's area."""
    touches_border: bool
    """Whether the mask reaches the border of the image."""


@dataclass(frozen=True)
class TrustRow:
    """One line of the table."""

    sequence: str
    frame: int
    """Index of the frame among the annotated frames, from 0."""
    file: str
    """The file name of the frame's picture without suffix; output formats may number their mask files differently."""
    object: int
    """Object id."""
    boxed: bool
    """Whether a box of the object was given on this frame."""
    trust: Trust


COLUMNS = (*(f.name for f in fields(TrustRow) if f.name != "trust"), *(f.name for f in fields(Trust)))
"""Header of the CSV file."""
REMEDY = "annotate the sequence again"


def write_trust(path: str | Path, rows: Iterable[TrustRow]) -> None:
    """Write the table of a sequence atomically.

    Args:
        path: the CSV file; its folder must exist.
        rows: the rows, in the order of the file. nan becomes an empty cell; True and False become 1 and 0.
    """
    outer = ((row, (row.sequence, row.frame, row.file, row.object, row.boxed)) for row in rows)
    write_text(path, csv_text(COLUMNS, ([_cell(v) for v in (*cells, *astuple(row.trust))] for row, cells in outer)))


def read_trust(path: str | Path) -> list[TrustRow]:
    """Read the table of a sequence.

    Raises:
        UserError: the file is missing, or has a line that `write_trust` cannot have written.
    """
    path = Path(path)
    return [_row(path, number, line) for number, line in csv_rows(path, "trust table", COLUMNS, REMEDY)]


def trust_file(annotation: str | Path, sequence: str) -> Path:
    """The path of a sequence's table in the output folder of an annotation job.

    Raises:
        UserError: the job has no table of this sequence.
    """
    annotation = Path(annotation)
    plain = annotation / "trust" / f"{sequence}.csv"
    if plain.is_file():
        return plain
    # A sequence whose name cannot be a file name has another one; the sequence's manifest says which.
    folder = annotation / "sequences"
    for path in sorted(folder.rglob("*.json")):
        try:
            name = json.loads(path.read_text(encoding="utf-8"))["name"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # a damaged manifest is made again by the next run of the job
        if name == sequence:
            return (annotation / "trust" / path.relative_to(folder)).with_suffix(".csv")
    raise UserError(f"annotation {annotation}: has no trust table of {sequence}; annotate that sequence first")


def _row(path: Path, number: int, line: dict[str, str]) -> TrustRow:
    try:
        return TrustRow(
            line["sequence"],
            _count(line["frame"]),
            line["file"],
            _count(line["object"]),
            _flag(line["boxed"]),
            Trust(
                _number(line["confidence"], most=1),
                _number(line["tightness"], most=1),
                _count(line["area"]),
                _number(line["area_jump"]),
                _count(line["parts"]),
                _flag(line["touches_border"]),
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"trust table {path} line {number}: {error}; {REMEDY}") from error


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value)


def _number(cell: str, most: float = sys.float_info.max) -> float:
    value = float(cell) if cell else math.nan
    if cell and not 0 <= value <= most:
        raise ValueError(f"{cell!r} is out of range")
    return value


def _count(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 12):
        raise ValueError(f"{cell[:40]!r} is no count")
    return int(cell)


def _flag(cell: str) -> bool:
    if cell not in ("0", "1"):
        raise ValueError(f"{cell!r} is neither 0 nor 1")
    return cell == "1"
