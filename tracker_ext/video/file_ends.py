"""Whether a video file ends before the end that its own header speaks of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def is_cut_short(path: str | Path) -> bool:
    """Of AVI, Matroska and WebM, by the lengths of their outermost parts; False where those say nothing.

    What was written to a pipe, or was never finished, has no lengths.
    """
    with open(path, "rb") as file:
        length = os.fstat(file.fileno()).st_size
        start = file.read(4)
        file.seek(0)
        if start == b"RIFF":
            return _riff_end(file, length) > length
        return start == _EBML and _segment_end(file) > length


def _riff_end(file: IO[bytes], length: int) -> int:
    """Where the last of the RIFF parts ends, of which an AVI of more than a gigabyte has several; 0 if unknown."""
    place = 0
    while place < length:
        file.seek(place)
        head = file.read(8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or size in (0, 0xFFFFFFFF):
            break
        place += 8 + size + size % 2
    return place


def _segment_end(file: IO[bytes]) -> int:
    """Where a Matroska segment ends; 0 if it does not say."""
    file.seek(4)
    header = _ebml_length(file)
    if header is None:
        return 0
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return 0
    size = _ebml_length(file)
    return 0 if size is None else file.tell() + size


def _ebml_length(file: IO[bytes]) -> int | None:
    """A length of 1 to 8 bytes: the number of leading zero bits tells how many. All ones mean unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    count = 9 - first[0].bit_length()
    data = first + file.read(count - 1)
    bits = 7 * count
    value = int.from_bytes(data, "big") & ((1 << bits) - 1)
    return None if len(data) < count or value == (1 << bits) - 1 else value
