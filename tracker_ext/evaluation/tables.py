"""Tables as text, Markdown, CSV, LaTeX and JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker_ext.evaluation.scoring import Score

COLUMNS = {
    "J": "j",
    "F": "f",
    "J&F": "j_and_f",
    "J first": "first_j",
    "AO": "ao",
    "SR50": "sr50",
    "SR75": "sr75",
    "AUC": "auc",
    "P": "precision",
    "NP": "norm_precision",
}
"""Heading -> attribute of `Score`."""
BOX_COLUMNS = ("AUC", "P", "NP")
"""Left out where no row has them."""
_LATEX = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"})


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of texts that is written in several formats."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    """One sentence each, below the table."""
    text_columns: int = 1
    """Columns from the left that hold words: flush left, the others right."""

    def markdown(self) -> str:
        """Markdown that is also readable as plain text; ends in a newline."""
        lines = [list(self.header), *map(list, self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        rule = "|".join("-" * (w + 1) + (":" if i >= self.text_columns else "-") for i, w in enumerate(widths))
        text = [self._line(lines[0], widths), f"|{rule}|", *[self._line(line, widths) for line in lines[1:]]]
        return "\n".join([*text, *([""] if self.notes else []), *[f"- {note}" for note in self.notes]]) + "\n"

    def latex(self) -> str:
        """A LaTeX `tabular`; the notes are comments."""
        columns = "l" * self.text_columns + "r" * (len(self.header) - self.text_columns)
        lines = [" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in (self.header, *self.rows)]
        body = [lines[0], r"\hline", *lines[1:]]
        return "\n".join([
            *[f"% {note}" for note in self.notes], rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}", ""
        ])  # fmt: skip

    def write(self, folder: Path, stem: str) -> None:
        """Write `<stem>.md`, `<stem>.csv` and `<stem>.tex` into an existing folder."""
        (folder / f"{stem}.md").write_text(self.markdown(), encoding="utf-8")
        (folder / f"{stem}.tex").write_text(self.latex(), encoding="utf-8")
        with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([self.header, *self.rows])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        shown = [
            cell.ljust(width) if i < self.text_columns else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(shown) + " |"


def score_grid(scores: Sequence[Score], notes: Sequence[str] = ()) -> Grid:
    """Scores as a table, 0..1 with three digits.

    Args:
        scores: rows in order.
        notes: one sentence each.
    """
    shown = {
        heading: name
        for heading, name in COLUMNS.items()
        if heading not in BOX_COLUMNS or not all(math.isnan(getattr(score, name)) for score in scores)
    }
    rows = [
        [
            score.sequence,
            score.method,
            *[_number(getattr(score, name), 3) for name in shown.values()],
            _number(score.fps, 1),
            str(score.frames or "-"),
        ]
        for score in scores
    ]
    return Grid(header=["sequence", "method", *shown, "fps", "frames"], rows=rows, notes=list(notes), text_columns=2)


def format_table(scores: Sequence[Score], notes: Sequence[str] = ()) -> str:
    """`score_grid` as Markdown."""
    return score_grid(scores, notes).markdown()


def write_tables(folder: Path, scores: Sequence[Score], notes: Sequence[str], label: str) -> None:
    """Write `table.md`, `table.tex`, and with all digits `table.csv` and `table.json`.

    Args:
        folder: an existing folder.
        scores: rows in order.
        notes: one sentence each.
        label: title of the run.
    """
    (folder / "table.md").write_text(f"# {label}\n\n{format_table(scores, notes)}", encoding="utf-8")
    (folder / "table.tex").write_text(score_grid(scores, notes).latex(), encoding="utf-8")
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(Score)])
        for score in scores:
            writer.writerow(["" if _is_nan(value) else value for value in dataclasses.astuple(score)])
    rows = [
        {key: None if _is_nan(value) else value for key, value in dataclasses.asdict(score).items()} for score in scores
    ]
    document = {"label": label, "notes": list(notes), "scores": rows}
    (folder / "table.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
