"""Numbers as spreadsheets of many countries write them: 48,5 for 48.5, between semicolons or tabs, or in quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tracker_ext.video.box_text import COMMA, mistake, number, shown

Fields = tuple[int, list[str]]
"""Number of a line, and its fields."""
THOUSANDS = re.compile(r"[+-]?\d{1,3}([.,' \u00a0\u202f]\d{3})+([.,]\d+)?", re.ASCII)
MOST_THOUSANDS = 20_000
"""Pixels; beyond it no number is a place in a picture, so a comma in it is none between thousands."""


def with_points(path: Path, rows: Sequence[Fields], used: Sequence[int] | None = None) -> list[Fields]:
    """Rows whose numbers have decimal points.

    Args:
        path: for messages.
        rows: fields, separated already.
        used: indices of the fields that count; None: all.

    Raises:
        UserError: commas that may stand between thousands or in a point x,y, or points and commas in one file.
    """
    fields = [
        (line, text) for line, row in rows for text in (row if used is None else [row[i] for i in used if i < len(row)])
    ]
    for line, text in fields:
        if THOUSANDS.fullmatch(text) and not COMMA.fullmatch(text) and number(text) is None:
            raise mistake(path, f"{shown(text)} has separators between thousands; write numbers without them", line)
    commas = [(line, text) for line, text in fields if COMMA.fullmatch(text)]
    if not commas:
        return list(rows)
    pointed = next((text for _, text in fields if "." in text and number(text) is not None), None)
    if pointed is not None:
        line, text = commas[0]
        raise mistake(
            path, f"{shown(text)} has a comma, {shown(pointed)} a point; write all numbers with a point", line
        )
    if all(_may_be_thousands(text) for _, text in commas):
        line, text = commas[0]
        known = [value for _, other in fields if not COMMA.fullmatch(other) and (value := number(other)) is not None]
        if not any(abs(value) >= 1000 for value in known):
            raise mistake(
                path, f"{shown(text)} may be {text.replace(',', '.')} or {text.replace(',', '')}; write numbers with a "
                "decimal point, and nothing between thousands", line,
            )  # fmt: skip
    if used is None and all(_are_corners(row) for _, row in rows if any(row)):
        line, text = commas[0]
        raise mistake(path, "four x,y of a polygon, or four numbers with decimal commas; write x,y,w,h", line)
    chosen = None if used is None else set(used)
    return [
        (
            line,
            [
                text.replace(",", ".") if (chosen is None or index in chosen) and COMMA.fullmatch(text) else text
                for index, text in enumerate(row)
            ],
        )
        for line, row in rows
    ]


def _are_corners(row: Sequence[str]) -> bool:
    """Whether four fields `10,20` are the corners of an upright box, going around."""
    points = [tuple(text.split(",")) for text in row if COMMA.fullmatch(text)]
    if len(points) != 4 or len(row) != 4:
        return False
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = points
    return (x1 == x4 and x2 == x3 and y1 == y2 and y3 == y4) or (x1 == x2 and x3 == x4 and y1 == y4 and y2 == y3)


def _may_be_thousands(text: str) -> bool:
    match = COMMA.fullmatch(text)
    assert match is not None
    whole, rest, exponent = match.groups()
    return (
        exponent is None and len(rest) == 3 and len(whole) < 4 and not whole.startswith("0")
        and int(whole + rest) <= MOST_THOUSANDS
    )  # fmt: skip
