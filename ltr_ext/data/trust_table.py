"""How far each mask of a sequence can be trusted: the table that lies beside the masks.

One row per frame and object, CSV, written by annotation and read by the report and by the training samplers.
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
    """What is known about one mask without its ground truth."""

    confidence: float
    """Estimated J of the mask, 0..1; 0 for an empty mask of a boxed object, nan where there is nothing to judge by."""
    tightness: float
    """IoU of the mask's own box and the given one, 0..1; 0 for an empty mask, nan without a given box."""
    area: int
    """Pixels of the mask."""
    area_jump: float
    """|log2| of the area over that of the object's mask before; 1 is doubled or halved; nan for the first one."""
    parts: int
    """Connected parts (8 neighbours) with at least a hundredth of the mask's area each."""
    touches_border: bool
    """Whether the mask reaches the border of the image."""


@dataclass(frozen=True)
class TrustRow:
    """One line of the table."""

    sequence: str
    frame: int
    """Number of the frame among those that were annotated, from 0."""
    file: str
    """Stem of the name of the frame's picture; formats number their mask files in their own ways."""
    object: int
    """Object id."""
    boxed: bool
    """Whether the object's box was given on this frame."""
    trust: Trust


COLUMNS = (*(f.name for f in fields(TrustRow) if f.name != "trust"), *(f.name for f in fields(Trust)))
"""Header of the CSV file."""
REMEDY = "annotate the sequence again"


def write_trust(path: str | Path, rows: Iterable[TrustRow]) -> None:
    """Write the table of a sequence; the file is whole or not there.

    Args:
        path: the CSV file; its folder exists.
        rows: in the order they shall have. nan is written as an empty cell, truth as 1 and 0.
    """
    outer = ((row, (row.sequence, row.frame, row.file, row.object, row.boxed)) for row in rows)
    write_text(path, csv_text(COLUMNS, ([_cell(v) for v in (*cells, *astuple(row.trust))] for row, cells in outer)))


def read_trust(path: str | Path) -> list[TrustRow]:
    """Read the table of a sequence.

    Raises:
        UserError: missing, or a line that is not what `write_trust` writes.
    """
    path = Path(path)
    return [_row(path, number, line) for number, line in csv_rows(path, "trust table", COLUMNS, REMEDY)]


def trust_file(annotation: str | Path, sequence: str) -> Path:
    """Where the table of a sequence lies in the output folder of an annotation job.

    Raises:
        UserError: the job has no such sequence.
    """
    annotation = Path(annotation)
    plain = annotation / "trust" / f"{sequence}.csv"
    if plain.is_file():
        return plain
    # A name that cannot be the name of a file is written otherwise; the manifest beside the table knows it.
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
