"""What the page sends: bounded, and checked before anything is made of it.

A painted mask comes as run lengths, not as a picture: there is nothing in them to be decompressed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.requests import Request

from ltr_ext.errors import UserError

MOST_JSON = 64 << 10
"""Bytes of a request."""
MOST_RUNS = 2 << 20
"""The same of a painted mask: half a million runs."""


async def body(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises:
        UserError: it is larger than `most` bytes; no more of it is read.
    """
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise UserError(f"the request is larger than {most >> 10} kB: paint with fewer, larger strokes")
        parts.append(part)
    return b"".join(parts)


def as_request(data: bytes) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        UserError: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError("the request cannot be read: reload the page")
    return found


def as_mask(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """A mask from run lengths, row by row: pixels outside, inside, outside, ... as 32-bit numbers, low byte first.

    Args:
        data: 4 bytes per run.
        size: (height, width).

    Returns:
        [H, W] bool.

    Raises:
        UserError: the runs do not fill the picture.
    """
    if len(data) % 4:
        raise UserError("the painted mask cannot be read: reload the page")
    runs = np.frombuffer(data, "<u4").astype(np.int64)
    if int(runs.sum()) != size[0] * size[1]:
        raise UserError("the painted mask is of another picture: reload the page")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(size)
