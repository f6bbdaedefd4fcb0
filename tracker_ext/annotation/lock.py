"""Locks, so that one process makes a sequence at a time; the system releases those of a process that dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ltr_ext.errors import UserError

LOCKS_FOLDER = ".locks"
"""Inside the output folder of a job."""
POLL = 0.05
"""Seconds between two tries of a lock."""


class SequenceLock:
    """Context manager; its value says whether this process holds the lock.

    The file is removed with the lock, so that a run that ends well leaves none. The file that a killed process leaves
    is not locked.
    """

    def __init__(self, path: Path, wait: float = 0.0) -> None:
        """Lock nothing yet.

        Args:
            path: of the lock file; its folder exists.
            wait: seconds to try before giving up; 0: try once.
        """
        self._path = path
        self._wait = wait
        self._handle: int | None = None

    def __enter__(self) -> bool:
        """Try to lock.

        Raises:
            UserError: the file system has no locks, or the file cannot be made.
        """
        end = time.monotonic() + self._wait
        while not (got := self._try()) and time.monotonic() < end:
            time.sleep(POLL)
        return got

    def _try(self) -> bool:
        while True:
            try:
                handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise UserError(
                    f"file {self._path} cannot be written ({error.strerror}); mend it, or make room"
                ) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    return False
                raise UserError(
                    f"folder {self._path.parent}: no file locks there ({error.strerror}); write to another disk"
                ) from error
            # Between opening and locking, the holder before may have removed the file: then this lock locks nothing.
            if _is_same(handle, self._path):
                self._handle = handle
                return True
            os.close(handle)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            with suppress(OSError):  # the work is done; the next run removes the file
                self._path.unlink()
            os.close(self._handle)
            self._handle = None


def lists_lock(out: Path, wait: float) -> SequenceLock:
    """The lock of the files that cover all sequences of an output folder: lists, decisions, report."""
    with suppress(OSError):  # then the lock cannot be made either, which says so
        (out / LOCKS_FOLDER).mkdir(exist_ok=True)
    return SequenceLock(out / LOCKS_FOLDER / ".lists.lock", wait)


def _is_same(handle: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), found)
