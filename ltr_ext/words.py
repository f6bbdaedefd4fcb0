"""Numbers as a reader wants them in messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 sequence`, `1,234 sequences`, `2 boxes`."""
    ending = "" if number == 1 else "es" if noun.endswith("x") else "s"
    return f"{number:,} {noun}{ending}"


def duration(seconds: float) -> str:
    """In the unit that fits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def printable(text: str) -> str:
    """Text that can be written as UTF-8: bytes of a file name that are none are shown as `\\udcXX`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: object, limit: int = 300) -> str:
    """On one line, and cut in the middle to so many characters."""
    line = printable(" ".join(str(text).split()))
    half = limit // 2 - 3
    return line if len(line) <= limit else f"{line[:half]} ... {line[-half:]}"
