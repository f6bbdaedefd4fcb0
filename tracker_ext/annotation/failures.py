"""What failed in an annotation job, and why: a record per sequence, and `failed.csv`, which is made from them.

The process in which a sequence fails writes its record, and the one that makes the sequence removes it, so that
processes on several machines need not agree on one table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ltr_ext.csv_text import csv_rows, csv_text
from ltr_ext.errors import UserError
from ltr_ext.output import write_text
from ltr_ext.text import one_line, printable
from tracker_ext.annotation.names import original_name, record_name

FAILURES_FOLDER = "failures"
FAILED_FILE = "failed.csv"
COLUMNS = ("sequence", "reason")
REMEDY = "its columns are sequence,reason"


def record_failure(out: Path, name: str, reason: str) -> None:
    """Record that a sequence failed, in one line of reasonable length.

    Raises:
        UserError: it cannot be written.
    """
    path = _record(out, name)
    path.parent.mkdir(exist_ok=True)
    write_text(path, json.dumps({"sequence": name, "reason": one_line(reason)}) + "\n")


def remove_failure(out: Path, name: str) -> None:
    """Remove the record of a sequence that has been made."""
    _record(out, name).unlink(missing_ok=True)


def recorded_failures(out: Path) -> dict[str, str]:
    """Sequence -> why it failed, sorted by name. A damaged record still names its sequence: its file has that name."""
    found = {}
    for path in (out / FAILURES_FOLDER).glob("*.json"):
        name, reason = original_name(path.stem), "its record is damaged"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content["sequence"], str) and record_name(content["sequence"]) == path.stem:
                name, reason = content["sequence"], one_line(content["reason"])
        except FileNotFoundError:  # made in the meantime
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError, UserError):
            pass
        found[name] = reason
    return dict(sorted(found.items()))


def write_failed(out: Path, is_done: Callable[[str], bool]) -> Path | None:
    """Bring `failed.csv` up to date; what cannot be read there is set aside.

    Args:
        out: output folder of the job.
        is_done: whether a sequence has been finished since; then its record is removed.

    Returns:
        The file; None if nothing has failed, and then the file is removed.

    Raises:
        UserError, OSError: it cannot be written.
    """
    path = out / FAILED_FILE
    rows = []
    for name, reason in recorded_failures(out).items():
        if is_done(name):
            remove_failure(out, name)
        else:
            rows.append((printable(name), reason))
    text = csv_text(COLUMNS, rows) if rows else None
    if path.is_symlink() or path.exists():
        if text is not None and path.is_file() and path.read_bytes() == text.encode():
            return path
        _set_aside_unreadable(path)
    if text is None:
        path.unlink(missing_ok=True)
        return None
    write_text(path, text)
    return path


def import_failed_csv(out: Path) -> None:
    """Make records from the `failed.csv` of an older version, where an output folder has no records yet."""
    if (out / FAILURES_FOLDER).is_dir():
        return
    try:
        rows = read_failures(out / FAILED_FILE)
    except UserError:
        rows = []
    for row in rows:
        with suppress(UserError):  # the run that comes now tries all of them again anyway
            record_failure(out, row["sequence"], row["reason"])
    (out / FAILURES_FOLDER).mkdir(exist_ok=True)


def read_failures(path: Path) -> list[dict[str, str]]:
    """The rows of a `failed.csv`, each with sequence and reason; none if there is no such file.

    Raises:
        UserError: the file is another table, or none.
    """
    if not path.is_file():
        return []
    rows = [row for _, row in csv_rows(path, "list of failed sequences", COLUMNS, REMEDY)]
    if any(set(row) != set(COLUMNS) for row in rows):
        raise UserError(f"file {path} is no list of failed sequences; {REMEDY}")
    return rows


def listed_names(path: Path) -> list[str]:
    """The column `sequence` of a table, whatever else is in it.

    Raises:
        UserError: the file cannot be read, or has no such column.
    """
    rows = csv_rows(path, "list of sequences", COLUMNS[:1], "it needs a column sequence, as failed.csv")
    return [row["sequence"] for _, row in rows if row["sequence"]]


def _record(out: Path, name: str) -> Path:
    return out / FAILURES_FOLDER / f"{record_name(name)}.json"


def _set_aside_unreadable(path: Path) -> None:
    try:
        read_failures(path)
        if path.is_file():
            return
    except UserError:
        pass
    number = 1
    while (aside := path.with_name(f"failed.unreadable-{number}.csv")).exists():
        number += 1
    path.rename(aside)
    print(f"{path} is no list of failed sequences; it is kept as {aside.name}")
