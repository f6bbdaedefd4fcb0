"""Reads numbers from text files."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read_numbers(path: Path) -> np.ndarray:
    """All numbers of a file as a flat float64 array; separators are commas, tabs, spaces and line ends."""
    return np.array(path.read_text().replace(",", " ").split(), dtype=np.float64)


def read_boxes(path: Path) -> np.ndarray:
    """[F, 4] float64 boxes (x, y, w, h) of a file with one box per line.

    Raises:
        ValueError: the number of numbers is not a multiple of four.
    """
    numbers = read_numbers(path)
    if numbers.size % 4:
        raise ValueError(f"{path}: {numbers.size} numbers are not boxes of four")
    return numbers.reshape(-1, 4)


def numbered_frames(folder: Path) -> list[str]:
    """The .jpg files of a folder, in the order of their numbers."""
    return [str(path) for path in sorted(folder.glob("*.jpg"), key=lambda path: int(path.stem))]
