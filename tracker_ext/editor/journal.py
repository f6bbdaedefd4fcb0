"""An append-only file of what a person did: each line is on the disk before the program goes on."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ltr_ext.errors import UserError
from ltr_ext.output import sync, write_text
from tracker_ext.editor.document import Document
from tracker_ext.video.clip_writer import EDITOR_FOLDER

JOURNAL_FILE = "journal.jsonl"
COMPACT_BYTES = 1 << 20
"""A journal that is longer is written anew as one line."""


class Journal:
    """The journal of one folder, open for writing; only one process at a time has it."""

    def __init__(self, folder: Path) -> None:
        """Open it, and read what is in it.

        Args:
            folder: exists.

        Raises:
            UserError: another editor has it open, it is damaged, or cannot be written.
        """
        self.path = folder / JOURNAL_FILE
        try:
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._lock)
                raise UserError(f"folder {folder.parent}: is open in another editor; close that one first") from None
            self.document, good = read_journal(self.path)
            self._file = self._open(good)
        except OSError as error:
            raise UserError(
                f"file {self.path} cannot be written ({error.strerror}); mend it, or name another --out"
            ) from error
        if good > COMPACT_BYTES:
            self.compact()

    def append(self, entry: Mapping[str, Any]) -> Any:
        """Write an entry, then apply it to the document; returns what `Document.apply` does.

        Raises:
            UserError: it cannot be written; the document is as before.
        """
        end = self._file.tell()
        try:
            self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file = self._open(end)  # half a line would damage what comes after it
            raise UserError(
                f"file {self.path} cannot be written ({error.strerror}); make room, then do it again"
            ) from error
        return self.document.apply(entry)

    def compact(self) -> None:
        """Write the journal anew, as one line."""
        write_text(self.path, json.dumps(self.document.snapshot(), separators=(",", ":")) + "\n")
        self._file.close()
        self._file = self._open(self.path.stat().st_size)

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._file.close()
        os.close(self._lock)

    def _open(self, length: int) -> BinaryIO:
        """Open the file behind its first `length` bytes; what is behind them goes."""
        is_new = not self.path.exists()
        file = self.path.open("ab")
        if file.tell() > length:
            file.truncate(length)
        if is_new:
            sync(self.path.parent)
        return file


def journal_of(result: Path) -> Path:
    """The journal of a result folder; it may not be there yet."""
    return result / EDITOR_FOLDER / JOURNAL_FILE


def begun_in(folder: Path) -> bool:
    """Whether a result folder has a journal."""
    return journal_of(folder).is_file()


def read_journal(path: Path) -> tuple[Document, int]:
    """The document of a journal, and how many bytes of it are whole: the last line of a killed process may not be.

    Raises:
        UserError: a line before the last one is damaged.
    """
    document, good = Document(), 0
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return document, 0
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):  # behind the last line end is nothing, or half a line
        try:
            document.apply(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if number == len(lines) - 1:
                break
            raise UserError(
                f"journal {path} line {number} is damaged; restore the file, or name another --out"
            ) from error
        good += len(line) + 1
    return document, good
