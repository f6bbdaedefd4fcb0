"""Sequence names as file names, and back."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote

from ltr_ext.errors import UserError

MAX_BYTES = 200
"""Longest file name, with room for suffixes: file systems stop at 255 bytes."""


def safe_name(name: str) -> str:
    """A file name for a sequence name: the name itself where possible, else with %XX for what cannot stand in one.

    Escaped are `/`, `%`, control characters, and a dot at the start. `original_name` is the inverse.

    Raises:
        UserError: empty, too long for a file system, or half a character.
    """
    # A lone surrogate stands for a byte of a file name that is not UTF-8; from a json also half a character may come.
    if any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in name):
        raise UserError(f"sequence name {name!r}: holds half a character; correct it")
    escaped = "".join(_escaped(char) if char in "/%" or not char.isprintable() else char for char in name)
    if escaped.startswith("."):
        escaped = f"%2E{escaped[1:]}"
    if not 0 < len(escaped.encode()) <= MAX_BYTES:
        raise UserError(f"sequence name {name!r}: {len(escaped.encode())} bytes; give it 1 to {MAX_BYTES}")
    return escaped


def record_name(name: str) -> str:
    """As `safe_name`; for a name that it refuses, a hash, which `original_name` cannot turn back."""
    try:
        return safe_name(name)
    except UserError:
        return f"~{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:16]}"


def original_name(safe: str) -> str:
    """The sequence name behind a file name."""
    return unquote(safe, errors="surrogateescape")


def _escaped(char: str) -> str:
    return quote(char, safe="", errors="surrogateescape") if char != "." else "%2E"
