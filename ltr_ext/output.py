"""Atomic output files and folders: they are written beside their final place and moved there at the end."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ltr_ext.errors import UserError

ABANDONED = 3600.0
"""Seconds after which unfinished output counts as abandoned on a file system that has no locks."""
PARTIAL, READY = ".partial", ".ready"
REPLACED = ".replaced"
"""A folder inside a ready folder that holds the old files which the new ones replaced."""


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 file atomically: at any time, also after a crash, either the old or the new file is there.

    Args:
        path: the file; its folder must exist.
        text: its contents; line ends are written as they are.

    Raises:
        UserError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file atomically, see `write_text`."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A context with an open file that replaces `path` at the end; after an error, `path` is unchanged.

    Args:
        path: the file; its folder must exist.

    Raises:
        UserError: the file cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with _open_locked(partial) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                partial.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    partial.unlink()
                raise
    except OSError as error:
        raise UserError(
            f"file {path} cannot be written ({error.strerror or error}); name a place you may write to"
        ) from error


def remove_partials(folder: str | Path) -> None:
    """Remove the unfinished files that killed processes left in a folder, but none that is being written."""
    for partial in Path(folder).glob(f".*{PARTIAL}"):
        with _claimed(partial) as ours:
            if ours and partial.is_file():
                partial.unlink(missing_ok=True)


def remove(path: str | Path) -> None:
    """Remove a file, a link (but not its target), or a folder with its contents; the path need not exist."""
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Make a hard link to a file, which takes no disk space, or a copy if a hard link is impossible.

    Args:
        source: the file, or a symbolic link to it.
        target: the link or copy; its folder must exist, the file must not.

    Raises:
        OSError: neither is possible.
    """
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another file system, a file system without hard links, or a file of another user
        shutil.copyfile(source, target)


def sync(path: str | Path) -> None:
    """Write a file's contents, or the names in a folder, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: str | Path) -> None:
    """Write all files below a folder, and their names, through to the disk; links are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                sync(path)
        sync(place)


class OutputFolder:
    """A context manager that yields an empty folder, and moves its contents to the target on success.

    If the target does not exist, the whole folder is renamed to it. If it exists, each file or folder directly inside
    replaces the one of the same name there (a `masks/` folder as a whole, so that no frame of an older, longer clip
    remains), and everything else in the target stays. After an error, Ctrl-C included, the target is unchanged.

    The yielded folder lies beside the target, or inside it if it exists, so that it is on the same disk and can be
    renamed. A process that dies during the move leaves a folder `.<name>-*.ready`, from which `recover` finishes the
    move: neither the old result nor the new one is lost.
    """

    def __init__(self, target: str | Path) -> None:
        """Store the target; it is checked on entering.

        Args:
            target: the output folder.
        """
        self.target = Path(target)
        self._work: Path | None = None
        self._lock = -1

    def __enter__(self) -> Path:
        """Make the empty folder.

        Raises:
            UserError: the target is a file, or cannot be written.
        """
        target = self.target
        if target.exists() and not target.is_dir():
            raise UserError(f"output folder {target} is a file; name a folder")
        try:
            recover(target)
            place = target if target.is_dir() else target.parent
            place.mkdir(parents=True, exist_ok=True)
            self._work, self._lock = _make_locked(place, f".{target.name}-")
        except OSError as error:
            raise UserError(
                f"output folder {target} cannot be written ({error.strerror}); name a folder you may write to"
            ) from error
        return self._work

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        work = self._work
        assert work is not None
        try:
            if kind is None:
                self._publish(work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            os.close(self._lock)
        if isinstance(error, OSError) and _is_inside(error.filename, work):
            raise UserError(f"output folder {self.target}: {error.strerror}; nothing was written") from error

    def _publish(self, work: Path) -> None:
        try:
            sync_tree(work)
            if not self.target.is_dir():
                work.rename(self.target)
                return
            ready = work.with_suffix(READY)
            work.rename(ready)
            names = sorted(path.name for path in ready.iterdir())
            try:
                _move_in(ready, self.target, names)
            except BaseException:
                _move_back(ready, self.target, names)  # if this fails, too, `recover` finishes the move later
                shutil.rmtree(ready, ignore_errors=True)
                raise
            shutil.rmtree(ready, ignore_errors=True)
        except OSError as error:
            raise UserError(
                f"output folder {self.target} cannot be written ({error.strerror}); make room or mend it, then give "
                "the same command again"
            ) from error


def recover(target: str | Path) -> None:
    """Clean an output folder after processes that died: finished output is moved into it, unfinished is removed.

    The output of running processes stays.

    Args:
        target: the target of an `OutputFolder`; it need not exist.

    Raises:
        OSError: a file cannot be moved.
    """
    target = Path(target)
    for place in (target, target.parent):
        for folder in sorted(place.glob(f".{glob.escape(target.name)}-*")):
            if folder.suffix not in (PARTIAL, READY) or folder.is_symlink():
                continue
            with _claimed(folder) as ours:
                if not ours:
                    continue
                if folder.suffix == READY and place == target:
                    _move_in(folder, target, sorted(path.name for path in folder.iterdir()))
                shutil.rmtree(folder, ignore_errors=True)


def _move_in(ready: Path, target: Path, names: list[str]) -> None:
    """Move new files into the target, and the old ones into `REPLACED`; can be repeated after an interruption."""
    replaced = ready / REPLACED
    replaced.mkdir(exist_ok=True)
    for name in names:
        if name == REPLACED:
            continue
        if os.path.lexists(target / name):
            remove(replaced / name)  # left by an interrupted move, after which the file was written again
            (target / name).rename(replaced / name)
        (ready / name).rename(target / name)


def _move_back(ready: Path, target: Path, names: list[str]) -> None:
    """Undo a `_move_in` that may be incomplete."""
    for name in names:
        if not os.path.lexists(ready / name):
            (target / name).rename(ready / name)
        if os.path.lexists(ready / REPLACED / name):
            (ready / REPLACED / name).rename(target / name)


def _open_locked(path: Path) -> BinaryIO:
    """Open a new file, locked so that no other process takes it for abandoned."""
    while True:
        file = path.open("wb")
        try:
            if _lock_stays(file.fileno(), path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _make_locked(place: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder that no other process takes for abandoned while the returned descriptor is open."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=PARTIAL, dir=place))
        umask = os.umask(0)
        os.umask(umask)
        try:
            folder.chmod(0o777 & ~umask)
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        if _lock_stays(lock, folder):
            return folder, lock
        os.close(lock)


def _lock_stays(descriptor: int, path: Path) -> bool:
    """Lock a new file or folder; False if another process has removed it as abandoned in the meantime."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """A context that says whether an unfinished file or folder is abandoned; it is then locked for other processes."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.path.lexists(path)
    except OSError as error:
        held = error.errno in (errno.EWOULDBLOCK, errno.EACCES)
        ours = not held and time.time() - os.fstat(lock).st_mtime > ABANDONED
    try:
        yield ours
    finally:
        os.close(lock)


def _is_inside(filename: object, folder: Path) -> bool:
    return isinstance(filename, str | os.PathLike) and Path(os.fspath(filename)).is_relative_to(folder)
