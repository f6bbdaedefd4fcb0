"""Folders of masks as commands of ours and other programs leave them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ltr_ext.data.image_io import write_mask
from miniatures.shapes import write_picture

SIZE = (40, 64)
"""(height, width)."""


def drawn_labels() -> list[np.ndarray]:
    """Four masks [40, 64] uint8: a ring (1) beside an object of two parts (3); the second without the ring; none; a
    full frame of 1 with a single pixel of 3."""
    first = np.zeros(SIZE, np.uint8)
    cv2.circle(first, (16, 20), 12, 1, -1)
    cv2.circle(first, (16, 20), 5, 0, -1)
    first[5:12, 40:50], first[20:33, 45:60] = 3, 3
    second = np.where(first == 3, 3, 0).astype(np.uint8)
    last = np.full(SIZE, 1, np.uint8)
    last[39, 63] = 3
    return [first, second, np.zeros_like(first), last]


def frame_pictures(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """[H, W, 3] uint8 RGB each, no two alike."""
    rng = np.random.default_rng(count)
    small = rng.integers(0, 256, (count, 5, 8, 3), dtype=np.uint8)
    return [cv2.resize(picture, size[::-1], interpolation=cv2.INTER_NEAREST) for picture in small]


def write_masks(folder: Path, labels: Sequence[np.ndarray], stem: str = "{:05d}") -> Path:
    """Palette PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, one in enumerate(labels):
        write_mask(folder / f"{stem.format(index)}.png", one)
    return folder


def davis_result(root: Path, name: str = "walk", labels: Sequence[np.ndarray] | None = None) -> Path:
    """`Annotations/480p/<name>` and `JPEGImages/480p/<name>`."""
    labels = drawn_labels() if labels is None else labels
    write_masks(root / "Annotations/480p" / name, labels)
    for index, picture in enumerate(frame_pictures(len(labels), labels[0].shape)):
        write_picture(root / "JPEGImages/480p" / name / f"{index:05d}.jpg", picture)
    return root
