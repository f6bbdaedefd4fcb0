"""Output files and folders that are whole or not there: written beside their place and moved in at the end."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from ltr_ext.errors import UserError

JUST_MADE = 10.0
"""Seconds in which an unfinished folder may not be locked yet."""


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 file; a reader, or what is left after a crash, sees the old file or the new one.

    Args:
        path: the file; its folder exists.
        text: its contents; line ends are written as they are.

    Raises:
        UserError: it cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """As `write_text`, of bytes."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise UserError(f"file {path} cannot be written ({error.strerror}); name a place you may write to") from error
    finally:
        partial.unlink(missing_ok=True)


def sync(path: str | Path) -> None:
    """Force a file's content, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: str | Path) -> None:
    """Force all files below a folder, and their names, to the disk; links are names only."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                sync(path)
        sync(place)


class OutputFolder:
    """Context manager: yields an empty folder to write into and moves its contents to the target on success.

    If the target does not exist, the whole folder is renamed to it. If it exists, each file or folder directly
    inside replaces its namesake there (a `masks/` folder as a whole, so that no frame of an older, longer clip
    survives) and everything else in the target stays. After an error, Ctrl-C included, the target is as before.

    The folder to write into lies beside the target, or inside it if it exists: always on the same disk, so
    that moving is renaming.
    """

    def __init__(self, target: str | Path) -> None:
        """Check nothing yet; that is done on entering.

        Args:
            target: where the output shall be.
        """
        self.target = Path(target)
        self._work: Path | None = None
        self._lock = -1

    def __enter__(self) -> Path:
        """Make the folder to write into.

        Raises:
            UserError: the target is a file, or its place cannot be written to.
        """
        target = self.target
        if target.exists() and not target.is_dir():
            raise UserError(f"output folder {target} is a file; name a folder")
        place = target if target.is_dir() else target.parent
        try:
            place.mkdir(parents=True, exist_ok=True)
            remove_abandoned(place, target.name)
            self._work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=place))
            umask = os.umask(0)
            os.umask(umask)
            self._work.chmod(0o777 & ~umask)
            self._lock = os.open(self._work, os.O_RDONLY)
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"output folder {target} cannot be written ({error.strerror}); name a folder you may write to"
            ) from error
        return self._work

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._work is not None
        try:
            if kind is None:
                self._publish(self._work)
        finally:
            shutil.rmtree(self._work, ignore_errors=True)
            os.close(self._lock)
        if isinstance(error, OSError) and _is_inside(error.filename, self._work):
            raise UserError(f"output folder {self.target}: {error.strerror}; nothing was written") from error

    def _publish(self, work: Path) -> None:
        if not self.target.is_dir():
            work.rename(self.target)
            return
        replaced = Path(tempfile.mkdtemp(prefix="replaced-", dir=work))
        for new in sorted(work.iterdir()):
            if new == replaced:
                continue
            old = self.target / new.name
            if old.exists():
                old.rename(replaced / new.name)
            new.rename(old)


def remove_abandoned(place: Path, name: str) -> None:
    """Remove what killed runs left of an output folder: unfinished folders that no living process holds.

    Args:
        place: where `OutputFolder` puts them.
        name: of the target.
    """
    for folder in place.glob(f".{glob.escape(name)}-*.partial"):
        try:
            if time.time() - folder.stat().st_mtime < JUST_MADE:
                continue
            lock = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # held, or no way to know
            pass
        finally:
            os.close(lock)


def _is_inside(filename: object, folder: Path) -> bool:
    return isinstance(filename, str | os.PathLike) and Path(os.fspath(filename)).is_relative_to(folder)
