"""One sequence, one worker: a lock that the operating system releases when its holder dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from ltr_ext.errors import UserError


class SequenceLock:
    """Context manager; its value is whether the lock was got. It never waits.

    The file is removed with the lock, so no file is left behind by a run that ends well; one that a killed process
    left behind is free.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet; the folder of `path` exists."""
        self._path = path
        self._handle: int | None = None

    def __enter__(self) -> bool:
        """Try.

        Raises:
            UserError: the file system has no locks.
        """
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
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
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


def _is_same(handle: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), found)
