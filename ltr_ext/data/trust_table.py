"""How far each mask of a sequence can be trusted: the table that lies beside the masks.

One row per frame and object, CSV, written by annotation and read by the report and by the training samplers.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

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


def write_trust(path: str | Path, rows: Iterable[TrustRow]) -> None:
    """Write the table of a sequence; the file is whole or not there.

    Args:
        path: the CSV file; its folder exists.
        rows: in the order they shall have. nan is written as an empty cell, truth as 1 and 0.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        outer = (row.sequence, row.frame, row.file, row.object, row.boxed)
        writer.writerow([_cell(value) for value in (*outer, *astuple(row.trust))])
    write_text(path, text.getvalue())


def read_trust(path: str | Path) -> list[TrustRow]:
    """Read the table of a sequence.

    Raises:
        UserError: missing, or a line that is not what `write_trust` writes.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise UserError(f"trust table {path}: no column {', '.join(missing)}; annotate the sequence again")
            return [_row(path, reader.line_num, line) for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"trust table {path} cannot be read ({error}); annotate the sequence again") from error


def trust_file(annotation: str | Path, sequence: str) -> Path:
    """Where the table of a sequence lies in the output folder of an annotation job.

    Raises:
        UserError: the job has no such sequence, or a damaged manifest.
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
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"manifest {path} is damaged ({error!r}); delete it and run the job again") from error
        if name == sequence:
            return (annotation / "trust" / path.relative_to(folder)).with_suffix(".csv")
    raise UserError(f"annotation {annotation}: has no trust table of {sequence}; annotate that sequence first")


def _row(path: Path, number: int, line: dict[str, str]) -> TrustRow:
    try:
        return TrustRow(
            line["sequence"],
            int(line["frame"]),
            line["file"],
            int(line["object"]),
            _flag(line["boxed"]),
            Trust(
                _number(line["confidence"]),
                _number(line["tightness"]),
                int(line["area"]),
                _number(line["area_jump"]),
                int(line["parts"]),
                _flag(line["touches_border"]),
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"trust table {path} line {number}: {error}; annotate the sequence again") from error


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value)


def _number(cell: str) -> float:
    return float(cell) if cell else math.nan


def _flag(cell: str) -> bool:
    if cell not in ("0", "1"):
        raise ValueError(f"{cell!r} is neither 0 nor 1")
    return cell == "1"
