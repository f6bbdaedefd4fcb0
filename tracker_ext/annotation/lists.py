"""What covers all sequences of an output folder: lists and joined files of the formats, failed.csv, the report.

All of it is made from what lies in the folder. Every process does so at its end, so that shards and machines need not
know of each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ltr_ext.data.decisions import rejected_in
from ltr_ext.data.trust_table import read_trust
from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.annotation.failures import FAILURES_FOLDER, write_failed
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.formats.base import DamagedPartError
from tracker_ext.annotation.lock import LOCKS_FOLDER, SequenceLock, lists_lock
from tracker_ext.annotation.manifests import SEQUENCES_FOLDER, done_manifest, invalidate, is_in_place, manifests
from tracker_ext.annotation.names import original_name, safe_name
from tracker_ext.annotation.review.decisions import LOCK_WAIT
from tracker_ext.annotation.review.report_page import write_report

PASSES = 4
"""Times that lists are written at most because others finish sequences meanwhile; those write the lists, too."""

TRIES = 1000
"""Damaged sequences that are dealt with at most; beyond, the fault is another one."""
PAUSE = 0.1
"""Seconds to wait for a process that is making a sequence."""


@dataclass
class ListsUpdate:
    """What came of bringing the lists up to date."""

    failed: Path | None = None
    """`failed.csv`; None if nothing failed."""
    damaged: list[str] = field(default_factory=list)
    """Sequences with a file that cannot be read. They no longer count as done."""

    def warning(self) -> str:
        """One line; empty if all is well."""
        if not self.damaged:
            return ""
        shown = ", ".join(self.damaged[:5]) + (", ..." if len(self.damaged) > 5 else "")
        return (
            f"damaged: files of {counted(len(self.damaged), 'sequence')} ({shown}); the same command makes them again"
        )


def update_lists(out: Path, formats: Iterable[str], *, if_free: bool = False) -> ListsUpdate | None:
    """Bring lists, `failed.csv` and report up to date, and again if other processes finish sequences meanwhile.

    Args:
        out: output folder of a job.
        formats: of the job.
        if_free: if another process is doing it just now, leave it to that one instead of waiting.

    Returns:
        What came of it; None if it was left to another process.

    Raises:
        UserError: something cannot be written.
    """
    with ExitStack() as stack:
        held = False
        with suppress(UserError):  # a file system without locks: the passes must do
            held = stack.enter_context(lists_lock(out, 0.0 if if_free else LOCK_WAIT))
            if if_free and not held:
                return None
        return update_lists_locked(out, formats)


def update_lists_locked(out: Path, formats: Iterable[str]) -> ListsUpdate:
    """As `update_lists`; the caller holds the lock of the lists."""
    update = ListsUpdate()
    formats = list(formats)
    for _ in range(PASSES):
        before = _file_stamps(out)
        try:
            _write_sound_lists(out, formats, update)
            update.failed = write_failed(out, lambda name: done_manifest(out, name) is not None)
            _write_sound_report(out, update)
        except OSError as error:
            raise UserError(
                f"output folder {out} cannot be written ({error.strerror}); the masks are whole: make room, then give "
                f"the same command again"
            ) from error
        if _file_stamps(out) == before:
            break
    return update


def write_lists(out: Path, formats: Iterable[str]) -> None:
    """Write the lists of the formats; they name the sequences that are done and not rejected.

    Args:
        out: output folder of a job.
        formats: of the job.

    Raises:
        DamagedPartError: a file of a finished sequence cannot be read.
        UserError, OSError: something cannot be written.
    """
    try:
        rejected = rejected_in(out)
    except UserError:  # refused where it is used
        rejected = frozenset()
    done = (manifest for manifest in manifests(out) if manifest["name"] not in rejected and is_in_place(out, manifest))
    names = [safe_name(manifest["name"]) for manifest in done]
    for name in formats:
        FORMATS[name].finish(out, names)


def _write_sound_lists(out: Path, formats: list[str], update: ListsUpdate) -> None:
    for attempt in range(TRIES):
        try:
            write_lists(out, formats)
            return
        except DamagedPartError as error:
            if attempt + 1 == TRIES:
                raise
            _invalidate(out, original_name(error.sequence), update, error.persists)


def _write_sound_report(out: Path, update: ListsUpdate) -> None:
    for last in (False, False, True):
        try:
            write_report(out)
            return
        except UserError:
            if last:
                raise
            unreadable = [manifest["name"] for manifest in manifests(out) if _is_damaged_table(out, manifest["name"])]
            for name in unreadable:
                _invalidate(out, name, update, partial(_is_damaged_table, out, name))
            if not unreadable:  # another process replaced it just now, or it is something else
                time.sleep(PAUSE)


def _is_damaged_table(out: Path, name: str) -> bool:
    try:
        read_trust(out / "trust" / f"{safe_name(name)}.csv")
        return False
    except UserError:
        return True


def _invalidate(out: Path, name: str, update: ListsUpdate, still: Callable[[], bool]) -> None:
    """Let a damaged sequence count as not done, unless another process is making it or has just made it again."""
    with SequenceLock(out / LOCKS_FOLDER / f"{safe_name(name)}.lock", PAUSE) as ours:
        if ours and still():
            invalidate(out, name)
            update.damaged.append(name)


def _file_stamps(out: Path) -> list[tuple[str, int, int]]:
    """Name, time of change in ns and size of the files that the lists are made from."""
    files = [out / "decisions.csv"]
    for folder in (SEQUENCES_FOLDER, FAILURES_FOLDER):
        files += sorted((out / folder).glob("*.json"))
    found = []
    for path in files:
        with suppress(OSError):
            stat = path.stat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return found
