"""A reviewer's decisions about the sequences of an annotation job: `decisions.csv`.

It is a UTF-8 table with the columns `sequence`, `decision` and, optionally, `comment`. The report page writes it,
`run_annotate.py --apply` reads it, and training leaves out the rejected sequences. A sequence that is not in the table
is undecided, and used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ltr_ext.csv_text import csv_rows, csv_text
from ltr_ext.errors import UserError
from ltr_ext.output import write_text

Choice = Literal["accept", "reject", "flag"]
"""A sequence with `reject` is not used; one with `flag` is used, but somebody should look at it again."""

CHOICES: tuple[str, ...] = get_args(Choice)
COLUMNS = ("sequence", "decision", "comment")
REMEDY = "name the CSV file that the report page writes: sequence,decision,comment"
DECISIONS_FILE = "decisions.csv"
"""The name of the table in an annotation job's output folder, which holds the decisions that were applied last."""


@dataclass(frozen=True)
class Decision:
    """The decision about one sequence."""

    sequence: str
    choice: str
    """One of `CHOICES`."""
    comment: str = ""


def read_decisions(path: str | Path) -> dict[str, Decision]:
    """Read and check the table.

    Returns:
        {sequence: decision}, in the order of the file.

    Raises:
        UserError: the file is missing, lacks a column, or has an unknown decision, a row without a sequence, or a
            sequence that is decided twice.
    """
    decided: dict[str, Decision] = {}
    for number, line in csv_rows(path, "decisions", COLUMNS[:2], REMEDY):
        where = f"decisions {path} line {number}"
        sequence, choice = line["sequence"], line.get("decision", "").strip().lower()
        if not sequence:
            raise UserError(f"{where}: no sequence; name one")
        if choice not in CHOICES:
            raise UserError(f"{where}: decision {choice[:40]!r} for {sequence[:80]}; one of {', '.join(CHOICES)}")
        if sequence in decided:
            raise UserError(f"{where}: {sequence} was decided before; keep one line per sequence")
        decided[sequence] = Decision(sequence, choice, line.get("comment", ""))
    return decided


def write_decisions(path: str | Path, decisions: Iterable[Decision]) -> None:
    """Write the table atomically.

    Args:
        path: the CSV file; its folder must exist.
        decisions: the rows, in the order of the file.
    """
    rows = [(decision.sequence, decision.choice, decision.comment) for decision in decisions]
    write_text(path, csv_text(COLUMNS, rows))


def names_with(decisions: Mapping[str, Decision], choice: Choice) -> list[str]:
    """The sequences with this decision, in the order of the file."""
    return [name for name, decision in decisions.items() if decision.choice == choice]


def rejected_in(annotation: Path) -> frozenset[str]:
    """The sequences that the applied decisions of an annotation job reject; none if no decisions were applied.

    Args:
        annotation: the output folder of the job.

    Raises:
        UserError: see `read_decisions`.
    """
    file = annotation / DECISIONS_FILE
    return frozenset(names_with(read_decisions(file), "reject")) if file.is_file() else frozenset()
