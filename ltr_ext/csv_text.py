"""CSV tables with a header: the one way in which our own tables are written and read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ltr_ext.errors import UserError


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text, with lines that end in a line feed; every cell comes back from `csv_rows` as it was."""
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
        path: UTF-8, with or without byte order mark; commas, or semicolons if the header has no comma.
        what: "trust table", for messages.
        required: columns that must be there; others may be.
        remedy: for messages.

    Yields:
        (line number, column -> cell) of every row; of one that breaks off, what it has, and "" for required ones.

    Raises:
        UserError: missing, no text, a column missing, or broken quotes.
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
