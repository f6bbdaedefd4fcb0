"""CSV tables with a header: all our own tables are written and read by these functions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ltr_ext.errors import UserError


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as text whose lines end in a line feed; `csv_rows` gives every cell back as it was."""
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in (columns, *rows):
        # The writer quotes only those line ends that it writes itself.
        (quoting if any("\r" in str(cell) for cell in row) else plain).writerow(row)
    return text.getvalue()


def csv_rows(path: str | Path, what: str, required: Sequence[str], remedy: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table by the names of its columns.

    Args:
        path: a UTF-8 file, with or without byte order mark. Its separator is the comma, or the semicolon if the header
            has semicolons and no comma.
        what: what the table is, for messages; for example "trust table".
        required: columns that must be present; others may be.
        remedy: what the user should do about an error, for messages.

    Yields:
        (line number, {column: cell}) of every row. If a row has too few cells, its required columns are "" and its
        other columns are left out.

    Raises:
        UserError: the file is missing, is not UTF-8 text, lacks a required column, or has broken quotes.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UserError(f"{what} {path} cannot be read ({reason}); {remedy}") from error
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        columns = [column.strip() for column in next(reader, [])]
        missing = [column for column in required if column not in columns]
        if missing:
            raise UserError(f"{what} {path}: no column {', '.join(missing)}; {remedy}")
        for cells in reader:
            if cells:
                yield reader.line_num, dict.fromkeys(required, "") | dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise UserError(f"{what} {path} line {reader.line_num}: {error}; {remedy}") from error
