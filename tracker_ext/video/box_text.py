"""The text of box files: decoded, split into lines and fields, numbers read strictly; what is no text is named."""

from __future__ import annotations

import codecs
import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ltr_ext.csv_text import csv_text
from ltr_ext.errors import UserError

SHOWN = 80
"""Characters of a line that a message shows at most."""
MOST_BYTES = 2**29
HEADER = "frame,object,x,y,w,h"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,30}", re.ASCII)
COMMA = re.compile(r"[+-]?(\d+),(\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
"""A number with a decimal comma, or with one between thousands."""
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MISSING = frozenset({"", "nan", "+nan", "-nan", "na", "n/a", "none", "null"})
_BRACKETS = "[](){}"
_MAGIC = {
    b"PK\x03\x04": "a damaged zip archive or an Excel sheet; pack it again, or export it as CSV",
    b"\x93NUMPY": "a NumPy array; write it with numpy.savetxt(FILE, boxes, delimiter=',')",
    b"MATLAB": "MATLAB's; write its boxes as text (writematrix)",
    b"\x89HDF": "HDF5 (MATLAB's, too); write its boxes as text",
    b"\x1f\x8b": "packed by gzip; unpack it",
    b"SQLite format 3": "an SQLite data base; export it as CSV",
}
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """A line of a file."""

    number: int
    """From 1."""
    text: str


def shown(text: str) -> str:
    """The text in quotes for a message, cut off if it is long."""
    text = text.strip()
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}...")


def mistake(path: Path, message: str, where: int | str | None = None) -> UserError:
    """What is wrong with a box file, to be raised; `where` is the number of a line, or says it in words."""
    place = f"box file {path}{'' if where is None else f' line {where}' if isinstance(where, int) else f' {where}'}"
    return UserError(f"{place}: {message}")


def number(field: str) -> float | None:
    """A field as a number: nan if it says that there is none (nan, NA, null, nothing), None if it is anything else."""
    if _NUMBER.fullmatch(field):
        return float(field)
    if field.lower() in _MISSING:
        return math.nan
    if _INFINITE.fullmatch(field):
        return math.inf
    return None


@lru_cache(maxsize=4096)  # the same few ids and frames are asked for again and again
def whole(field: str) -> int | None:
    """A whole number, also written as 3.0; None for anything else."""
    if _WHOLE.fullmatch(field):
        return int(field)
    value = number(field)
    return int(value) if value is not None and abs(value) < 2**53 and value == int(value) else None


def split_fields(text: str) -> list[str]:
    """The fields of a line: between semicolons, else between commas, else between blanks; brackets and quotes go.

    Numbers with decimal commas are told between semicolons and tabs, and in quotes. Empty fields at the end go, as
    spreadsheets leave them, unless all are empty.
    """
    text = text.strip(" \r\n")
    if text[:1] and text[0] in _BRACKETS:
        text = text.strip(_BRACKETS + ",; \t")
    separator = separator_of(text)
    if '"' in text and separator is not None:
        fields = [field.strip().strip("\"'") for field in split_quoted(text, separator)]
    else:
        parts = text.split("\t") if separator is None and not text.strip() else text.split(separator)
        fields = [field.strip().strip("\"'") for field in parts]
    while len(fields) > 1 and not fields[-1] and any(fields):
        fields.pop()
    return fields


def separator_of(text: str) -> str | None:
    """What is between the fields of a line; None for blanks."""
    if ";" in text:
        return ";"
    cells = [cell.strip() for cell in text.rstrip("\t").split("\t")]
    if len(cells) > 3 and all(not cell or COMMA.fullmatch(cell) or number(cell) is not None for cell in cells):
        return "\t" if "," in text else None
    return "," if "," in text else None


def split_quoted(text: str, separator: str) -> list[str]:
    """Fields of one line of CSV; empty if its quotes are broken."""
    try:
        return next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def comma_hint(text: str) -> str:
    """A remedy for numbers with decimal commas between semicolons or blanks, if a line has them; else nothing."""
    commas = re.search(r"(^|[;\t ])[+-]?\d+,\d+(?=[;\t ]|$)", text) and re.search(r"[;\t ]", text)
    return "; write numbers with a decimal point, as 48.5" if commas else ""


def read_lines(path: Path) -> list[Line]:
    """The lines of a box file without blank ones at its end.

    Raises:
        UserError: unreadable, no UTF-8 text, empty, or json that is no list of boxes.
    """
    text = _decode(path, read_bytes(path)).rstrip("\x1a")
    if not text.strip():
        raise UserError(f"box file {path} is empty; give one x,y,w,h line per frame")
    content = _json(path, text)
    if (table := _json_table(content)) is not None:
        return [Line(index, line) for index, line in enumerate(table.splitlines(), 1)]
    rows = None if content is None else _json_rows(path, content)
    if rows is not None:
        return [Line(index, ",".join(map(str, row)) if row else ",,,") for index, row in enumerate(rows, 1)]
    lines = [Line(index, line) for index, line in enumerate(re.split(r"\r\r\n|\r\n|\r|\n", text), 1)]
    while not lines[-1].text.strip():
        lines.pop()
    return lines


def without_comments(lines: Iterable[Line]) -> tuple[list[Line], str]:
    """The lines without comments (`#`, `%`, `//`), and the text of the last one above them, which may be a header."""
    kept: list[Line] = []
    comment = ""
    for line in lines:
        if not line.text.lstrip().startswith(("#", "%", "//")):
            kept.append(line)
        elif not kept:
            comment = line.text.strip().lstrip("#%/").strip()
    first = next((index for index, line in enumerate(kept) if line.text.strip()), len(kept))
    return kept[first:] if comment else kept, comment


def read_bytes(path: Path) -> bytes:
    """The content of a box file.

    Raises:
        UserError: unreadable, or larger than a list of boxes can be.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"box file {path} cannot be read (it is no file); check the path")
        if path.stat().st_size > MOST_BYTES:
            raise mistake(path, f"has {path.stat().st_size} bytes, which is no list of boxes; check the path")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"box file {path} cannot be read ({reason}); check the path") from error


def _decode(path: Path, data: bytes) -> str:
    for start, kind in _MAGIC.items():
        if data.startswith(start):
            raise mistake(path, f"is no text file but {kind}")
    sample = data[:1000]
    for bits, marks, zeros in (("32", _UTF_32, 3), ("16", _UTF_16, 1)):
        # Without a mark at the start: ASCII letters, each with its zero bytes.
        plain = len(sample) >= 8 and sample.count(0) * (zeros + 1) >= 0.9 * zeros * len(sample)
        if data.startswith(marks) or plain:
            raise mistake(path, f"is UTF-{bits} text, no text file in UTF-8; save it as UTF-8")
    if b"\0" in data:
        raise mistake(path, "is no text file (it has NUL bytes); check the path")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        text = sum(32 <= value < 127 or value in b"\t\r\n" for value in sample) >= 0.8 * len(sample)
        kind = "Latin-1 or Windows text, " if text else ""
        raise mistake(
            path, f"is {kind}no text file in UTF-8 (byte 0x{byte:02x} in line {line}); save it as UTF-8"
        ) from error


def _json(path: Path, text: str) -> Any:
    """The content of a json; None if the text is none.

    Raises:
        UserError: it is broken, or one json per line.
    """
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return None
    try:
        content = json.loads(text)
    except RecursionError:
        raise mistake(path, "is json that is nested too deeply; write one x,y,w,h line per frame") from None
    except ValueError as error:
        if start == "[":  # [48, 108, 185, 110] on every line
            return None
        if re.match(r'\s*\{\s*"', text) and "\n" in text.strip() and _is_json(text.strip().splitlines()[0]):
            raise mistake(path, f"is json, one per line; write it as CSV with the header {HEADER}") from error
        raise mistake(path, f"begins like a json but is none ({error}); restore it") from error
    return content


def _json_table(content: Any) -> str | None:
    """A json list of objects with plain values, as tables are exported, as CSV; None for any other."""
    if not isinstance(content, list) or not content or not all(isinstance(row, dict) and row for row in content):
        return None
    names = list(dict.fromkeys(name for row in content for name in row))
    cells = [[row.get(name) for name in names] for row in content]
    if any(isinstance(cell, list | dict | bool) for row in cells for cell in row):
        return None
    return csv_text(names, [["" if cell is None else cell for cell in row] for row in cells])


def _json_rows(path: Path, content: Any) -> list[Sequence[float] | None]:
    """The rows of a json list of lists of numbers, or of null for no box.

    Raises:
        UserError: any other json, by the name of the tool that writes it.
    """
    if isinstance(content, list) and any(content) and all(row is None or _is_numbers(row) for row in content):
        return content
    if _is_numbers(content):
        return [content]
    raise mistake(path, _json_kind(content))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
        and all(not isinstance(item, int) or abs(item) < 2**53 for item in value)
    )


def _json_kind(content: Any) -> str:
    """What a json is, and what to do with it."""
    remedy = "write its boxes as one x,y,w,h line per frame"
    keys = set(content) if isinstance(content, dict) else set()
    if "shapes" in keys:
        first_only = f"for the box of the first frame alone: run_tracker.py {_labelme_box(content)}"
        return f"is labelme's json of one picture; give the folder with the json of each, or {first_only}"
    if "_via_img_metadata" in keys or any(isinstance(item, dict) and "regions" in item for item in _values(content)):
        return f"is json of the VGG annotator; {remedy}"
    return f"is json of a kind that is not known; {remedy}, or give a COCO-VID json to run_annotate.py folder"


def _values(content: Any) -> list[Any]:
    return list(content.values()) if isinstance(content, dict) else content if isinstance(content, list) else []


def _labelme_box(content: dict[str, Any]) -> str:
    """`--box x,y,w,h` of the first rectangle."""
    try:
        (x0, y0), (x1, y1) = next(shape["points"] for shape in content["shapes"] if shape["shape_type"] == "rectangle")
        left, top = min(x0, x1), min(y0, y1)
        return f"... --video PATH --box {left:g},{top:g},{abs(x1 - x0):g},{abs(y1 - y0):g}"
    except (StopIteration, KeyError, TypeError, ValueError, OverflowError):
        return "... --video PATH --box x,y,w,h"
