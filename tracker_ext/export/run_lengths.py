"""Run lengths of masks: COCO's, which go down the columns, as its compressed text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def coco_rle(mask: np.ndarray) -> dict[str, Any]:
    """A mask as COCO stores it.

    Args:
        mask: [H, W] bool.

    Returns:
        `{"size": [H, W], "counts": text}`.
    """
    height, width = mask.shape
    return {"size": [height, width], "counts": packed(run_lengths(mask.ravel(order="F")))}


def mask_of_rle(rle: Mapping[str, Any]) -> np.ndarray:
    """The mask [H, W] bool of what `coco_rle` gives; the inverse.

    Raises:
        ValueError: its runs do not fill its size.
    """
    height, width = rle["size"]
    runs = unpacked(str(rle["counts"]))
    if sum(runs) != height * width or min(runs, default=0) < 0:
        raise ValueError(f"run lengths of {sum(runs)} pixels for a mask of {height * width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape((height, width), order="F")


def run_lengths(flat: np.ndarray) -> list[int]:
    """Lengths of the runs of equal values, the first of zeros (0 if there is none at the start).

    Args:
        flat: [N] bool.
    """
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0, *runs] if flat.size and flat[0] else runs


def packed(runs: Sequence[int]) -> str:
    """COCO's text of run lengths: five bits a character, lowest first; from the fourth on, the difference to the run
    of the same colour before."""
    text = []
    for index, run in enumerate(runs):
        value = run - (runs[index - 2] if index > 2 else 0)
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            text.append(chr(48 + bits + 32 * more))
    return "".join(text)


def unpacked(text: str) -> list[int]:
    """The run lengths of `packed`.

    Raises:
        ValueError: the text is cut off or has other characters.
    """
    runs: list[int] = []
    value = shift = 0
    for char in text:
        bits = ord(char) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"{char!r} is no character of run lengths")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("run lengths are cut off")
    return runs
