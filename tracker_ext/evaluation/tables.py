"""Tables of scores as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

from tracker_ext.evaluation.scoring import Score

COLUMNS = ("sequence", "method", "J", "F", "J first", "AO", "SR50", "SR75", "fps", "frames")


def format_table(scores: Sequence[Score], notes: Sequence[str] = ()) -> str:
    """A Markdown table that is also readable as plain text, with notes below it.

    Args:
        scores: rows in order.
        notes: one sentence each.

    Returns:
        The text, ending in a newline.
    """
    rows = [list(COLUMNS), *[_cells(score) for score in scores]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [_line(rows[0], widths)]
    lines.append("|" + "|".join("-" * (w + 1) + (":" if i > 1 else "-") for i, w in enumerate(widths)) + "|")
    lines += [_line(row, widths) for row in rows[1:]]
    if notes:
        lines += ["", *[f"- {note}" for note in notes]]
    return "\n".join(lines) + "\n"


def write_tables(folder: Path, scores: Sequence[Score], notes: Sequence[str], label: str) -> None:
    """Write `table.md`, `table.csv` and `table.json`.

    Args:
        folder: exists.
        scores: rows in order.
        notes: one sentence each.
        label: title of the run.
    """
    (folder / "table.md").write_text(f"# {label}\n\n{format_table(scores, notes)}", encoding="utf-8")
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


def _cells(score: Score) -> list[str]:
    numbers = [_number(value, 3) for value in (score.j, score.f, score.first_j, score.ao, score.sr50, score.sr75)]
    return [score.sequence, score.method, *numbers, _number(score.fps, 1), str(score.frames or "-")]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [
        cell.ljust(width) if i < 2 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(shown) + " |"


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
