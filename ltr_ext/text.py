"""Numbers and names in a form that is easy to read in messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 sequence`, `1,234 sequences`, `2 boxes`."""
    ending = "" if number == 1 else "es" if noun.endswith("x") else "s"
    return f"{number:,} {noun}{ending}"


def ranges(numbers: Sequence[int], most: int = 12) -> str:
    """Ascending numbers as `3`, `3, 4` or `3 to 9, 12`; only runs of three or more are shown as ranges."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        part
        for run in runs
        for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]
    return ", ".join(parts[:most]) + (", ..." if len(parts) > most else "")


def some(names: Iterable[object], limit: int = 5) -> str:
    """The first names, and how many more."""
    shown = [str(name) for name in names]
    return ", ".join(shown[:limit]) + (f" and {len(shown) - limit} more" if len(shown) > limit else "")


def duration(seconds: float) -> str:
    """A duration in days, hours, minutes or seconds."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def size(count: float) -> str:
    """A number of bytes in TB, GB, MB or kB."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def printable(text: str) -> str:
    """Make a text encodable as UTF-8: invalid bytes of a file name become `\\udcXX`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: object, limit: int = 300) -> str:
    """Write a text on one line, and cut out its middle if it has more than `limit` characters."""
    line = printable(" ".join(str(text).split()))
    half = limit // 2 - 3
    return line if len(line) <= limit else f"{line[:half]} ... {line[-half:]}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None; differences in case and in separators are ignored."""
    by_form = {_form(one): one for one in reversed(list(known))}
    found = difflib.get_close_matches(_form(name), by_form, n=1, cutoff=0.75)
    return by_form[found[0]] if found else None


def unknown(name: str, known: Iterable[str]) -> str:
    """The text `unknown; known are a, b`, with the question `did you mean a?` if one of them is similar."""
    listed = list(known)
    meant = nearest(name, listed)
    return f"unknown; {f'did you mean {meant}? ' if meant else ''}known are {', '.join(listed)}"


def _form(name: str) -> str:
    return "_".join(re.split(r"[^0-9a-z]+", name.lower()))
