"""Results that come as a zip are unpacked into a temporary folder, and nothing of them is written anywhere else.

Nothing in an archive is trusted: every name is looked at before the first byte is written, and sizes are counted while
unpacking, not believed.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ltr_ext.errors import UserError
from tracker_ext.evaluation.result_files import REPETITION

ENCRYPTED = 0x1
BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes that an archive of results may not exceed."""

    entries: int = 2_000_000
    entry_bytes: int = 256 << 20
    """Of one file, unpacked."""
    total_bytes: int = 32 << 30
    """Of all files, unpacked."""


@contextmanager
def open_results(path: Path, limits: Limits = Limits()) -> Iterator[Path]:
    """Give a folder of results as it is, and a zip of one as a folder that lasts as long as the context.

    A zip may hold the files themselves or one folder with them. The servers' layouts are understood: `<seq>.txt`
    (TrackingNet), `<seq>/<seq>_001.txt` (GOT-10k, the first run), `Annotations/<seq>/*.png` (YouTube-VOS, DAVIS).

    Args:
        path: folder or .zip.
        limits: of the archive.

    Yields:
        The folder with `<seq>.txt`, `masks/<seq>/<frame>.png` or both.

    Raises:
        UserError: neither a folder nor a zip, or a zip that `unpack` refuses.
    """
    check_results(path)
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="box2mask-results-") as folder:
        unpack(path, Path(folder), limits)
        yield _as_stored(Path(folder))


def check_results(path: Path) -> None:
    """Refuse what is neither a folder nor a file.

    Raises:
        UserError: the path is neither.
    """
    if not path.is_dir() and not path.is_file():
        raise UserError(
            f"--results {path}: is not a folder and not a zip; give the folder with the <sequence>.txt files"
        )


def unpack(path: Path, folder: Path, limits: Limits = Limits()) -> None:
    """Unpack a zip into a folder.

    Args:
        path: the archive.
        folder: an existing, empty folder.
        limits: of the archive.

    Raises:
        UserError: no zip or a damaged one; a name that leads out of the folder, a link or device, an encrypted or
            doubled entry; more or larger entries than `limits`. Nothing is written outside the folder in any case.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries, limits)
            left = limits.total_bytes
            for entry in entries:
                target = folder.joinpath(*PurePosixPath(entry.filename).parts)
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(path, archive, entry, target, min(limits.entry_bytes, left))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        raise UserError(f"archive {path} cannot be unpacked ({error}); pack it again") from error


def _check(path: Path, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise UserError(f"archive {path}: {len(entries)} entries, more than {limits.entries}; give results only")
    seen: set[PurePosixPath] = set()
    for entry in entries:
        reason = _reason_against(entry)
        name = PurePosixPath(entry.filename)
        if reason is None and name in seen:
            reason = "is there twice"
        if reason is not None:
            raise UserError(f"archive {path}: entry {entry.filename!r} {reason}; nothing was unpacked")
        seen.add(name)
    size = sum(entry.file_size for entry in entries)
    if size > limits.total_bytes:
        raise UserError(f"archive {path}: {size} bytes unpacked, more than {limits.total_bytes}; nothing was unpacked")


def _reason_against(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is refused; None if it is not."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    if "\\" in name or ":" in name or "\0" in name or not parts:
        return "has a name that is no relative path"
    if name.startswith("/") or ".." in parts:
        return "leads out of its folder"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted"
    return None


def _write(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limit: int) -> int:
    """Unpack one entry; returns its bytes."""
    written = 0
    with archive.open(entry) as source, target.open("xb") as out:
        while block := source.read(BLOCK):
            written += len(block)
            if written > limit:
                raise UserError(
                    f"archive {path}: entry {entry.filename!r} unpacks to more than {limit} bytes; give results only"
                )
            out.write(block)
    return written


def _as_stored(folder: Path) -> Path:
    """Bring an unpacked archive into the layout of stored results, in place."""
    inside = list(folder.iterdir())
    while len(inside) == 1 and inside[0].is_dir() and inside[0].name not in ("masks", "Annotations"):
        if any(child.suffix == ".png" for child in inside[0].iterdir()) or _first_run(inside[0]).is_file():
            break
        folder = inside[0]
        inside = list(folder.iterdir())
    if (folder / "Annotations").is_dir() and not (folder / "masks").exists():
        (folder / "Annotations").rename(folder / "masks")
    for sequence in [path for path in folder.iterdir() if path.is_dir()]:
        boxes = folder / f"{sequence.name}.txt"
        if _first_run(sequence).is_file() and not boxes.exists():
            shutil.copyfile(_first_run(sequence), boxes)
    return folder


def _first_run(sequence: Path) -> Path:
    """The boxes of the first of the runs that the GOT-10k server wants."""
    return sequence / f"{sequence.name}_{REPETITION}.txt"
