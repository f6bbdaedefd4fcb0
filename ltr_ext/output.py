"""Output files and folders that are whole or not there: written beside their place and moved in at the end."""

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
"""Seconds after which what is unfinished counts as abandoned on a file system that has no locks."""
PARTIAL, READY = ".partial", ".ready"
REPLACED = ".replaced"
"""Inside a ready folder: what its contents took the place of."""


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
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write into that takes the place of `path` at the end, whole; after an error, `path` is as before.

    Args:
        path: the file; its folder exists.

    Raises:
        UserError: it cannot be written.
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
    """Remove the unfinished files that killed processes left in a folder; those that are being written stay."""
    for partial in Path(folder).glob(f".*{PARTIAL}"):
        with _claimed(partial) as ours:
            if ours and partial.is_file():
                partial.unlink(missing_ok=True)


def remove(path: str | Path) -> None:
    """Remove a file, a link (not what it points to), or a folder with all that is in it; nothing there is fine."""
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Put a file into another place as well: as a hard link, which takes no room, or as a copy where that cannot be.

    Args:
        source: the file, or a symbolic link to it.
        target: its folder exists, the file does not.

    Raises:
        OSError: it can be neither.
    """
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another file system, one without hard links, or a file of somebody else's
        shutil.copyfile(source, target)


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
    that moving is renaming. A process that dies while it moves leaves a folder `.<name>-*.ready`, from which `recover`
    finishes the move: nothing is lost, neither the old result nor the new one.
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
                _move_back(ready, self.target, names)  # if that fails too, `recover` moves in what is ready
                shutil.rmtree(ready, ignore_errors=True)
                raise
            shutil.rmtree(ready, ignore_errors=True)
        except OSError as error:
            raise UserError(
                f"output folder {self.target} cannot be written ({error.strerror}); make room or mend it, then give "
                "the same command again"
            ) from error


def recover(target: str | Path) -> None:
    """Bring an output folder into order after processes that died: what was ready is moved in, the rest removed.

    What a living process has in hand stays.

    Args:
        target: as `OutputFolder` takes it; need not exist.

    Raises:
        OSError: something cannot be moved.
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
    """Put what is ready into its place, and what was there into `REPLACED`. Can be done again after it broke off."""
    replaced = ready / REPLACED
    replaced.mkdir(exist_ok=True)
    for name in names:
        if name == REPLACED:
            continue
        if os.path.lexists(target / name):
            remove(replaced / name)  # of a move that broke off, and then somebody else wrote the file
            (target / name).rename(replaced / name)
        (ready / name).rename(target / name)


def _move_back(ready: Path, target: Path, names: list[str]) -> None:
    """Undo `_move_in`, however far it came."""
    for name in names:
        if not os.path.lexists(ready / name):
            (target / name).rename(ready / name)
        if os.path.lexists(ready / REPLACED / name):
            (ready / REPLACED / name).rename(target / name)


def _open_locked(path: Path) -> BinaryIO:
    """Open a new file that nobody takes for abandoned."""
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
    """Make a folder that nobody takes for abandoned while its descriptor is open."""
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
    """Lock what was just made; False if somebody removed it before, as left over."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Whether nobody holds an unfinished file or folder; while inside, nobody else takes it."""
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
