"""What a reviewer decided about the sequences of an annotation job: `decisions.csv`.

Columns `sequence,decision` and, if wanted, `comment`; UTF-8. The report page writes it, `run_annotate.py --apply` takes
it, training leaves out what it rejects. A sequence that is not in it is undecided, and used.
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
"""`reject`: not to be used; `flag`: used, but to be looked at again."""

CHOICES: tuple[str, ...] = get_args(Choice)
COLUMNS = ("sequence", "decision", "comment")
REMEDY = "name the CSV file that the report page writes: sequence,decision,comment"
DECISIONS_FILE = "decisions.csv"
"""Its name inside the output folder of an annotation job, where the last applied decisions lie."""


@dataclass(frozen=True)
class Decision:
    """About one sequence."""

    sequence: str
    choice: str
    """One of `CHOICES`."""
    comment: str = ""


def read_decisions(path: str | Path) -> dict[str, Decision]:
    """Read and check the file.

    Returns:
        Sequence -> decision, in the order of the file.

    Raises:
        UserError: missing, without the two columns, an unknown decision, or a sequence that is decided twice.
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
    """Write the file; it is whole or not there.

    Args:
        path: the CSV file; its folder exists.
        decisions: in the order they shall have.
    """
    rows = [(decision.sequence, decision.choice, decision.comment) for decision in decisions]
    write_text(path, csv_text(COLUMNS, rows))


def names_with(decisions: Mapping[str, Decision], choice: Choice) -> list[str]:
    """Sequences so decided, in the order of the file."""
    return [name for name, decision in decisions.items() if decision.choice == choice]


def rejected_in(annotation: Path) -> frozenset[str]:
    """Sequences that the applied decisions of an annotation job reject; none where nothing was decided.

    Args:
        annotation: output folder of the job.

    Raises:
        UserError: see `read_decisions`.
    """
    file = annotation / DECISIONS_FILE
    return frozenset(names_with(read_decisions(file), "reject")) if file.is_file() else frozenset()
