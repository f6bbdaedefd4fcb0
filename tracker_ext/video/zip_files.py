"""Zip archives unpacked into a folder: nothing of them anywhere else, and no more than is reasonable.

Nothing in an archive is trusted: every name is looked at before the first byte is written, and sizes are counted while
unpacking, not believed.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ltr_ext.errors import UserError

ENCRYPTED = 0x1
BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes that an archive may not exceed."""

    entries: int = 2_000_000
    entry_bytes: int = 256 << 20
    """Of one file, unpacked."""
    total_bytes: int = 32 << 30
    """Of all files, unpacked."""


UNLIKELY = Limits()


def unpack(path: Path, folder: Path, limits: Limits = UNLIKELY, suffixes: Collection[str] | None = None) -> None:
    """Unpack a zip into a folder.

    Args:
        path: the archive.
        folder: an existing, empty folder.
        limits: of the archive.
        suffixes: in lower case, of the files that are wanted; None for all.

    Raises:
        UserError: no zip or a damaged one; a name that leads out of the folder, a link or device, an encrypted or
            doubled entry; more or larger entries than `limits`. Nothing is written outside the folder in any case.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_names(path, entries, limits)
            if suffixes is not None:
                entries = [one for one in entries if PurePosixPath(one.filename).suffix.lower() in suffixes]
            size = sum(entry.file_size for entry in entries)
            if size > limits.total_bytes:
                raise UserError(
                    f"archive {path}: {size} bytes unpacked, more than {limits.total_bytes}; nothing was unpacked"
                )
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


def _check_names(path: Path, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise UserError(f"archive {path}: {len(entries)} entries, more than {limits.entries}; give less")
    seen: set[PurePosixPath] = set()
    for entry in entries:
        reason = _reason_against(entry)
        name = PurePosixPath(entry.filename)
        if reason is None and name in seen:
            reason = "is there twice"
        if reason is not None:
            raise UserError(f"archive {path}: entry {entry.filename!r} {reason}; nothing was unpacked")
        seen.add(name)


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
                    f"archive {path}: entry {entry.filename!r} unpacks to more than {limit} bytes; give less"
                )
            out.write(block)
    return written
