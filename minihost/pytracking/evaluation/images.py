"""Reads and writes frames and masks."""

from __future__ import annotations

import os

import cv2
import numpy as np
from PIL import Image


def read_frame(path: str | os.PathLike) -> np.ndarray:
    """Read a frame [H, W, 3] uint8 RGB as stored; the EXIF orientation is ignored.

    Raises:
        OSError: the file is missing or not a picture.
    """
    image = cv2.imread(os.fspath(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise OSError(f"frame {path} cannot be read as a picture")
    return image


def read_labels(path: str | os.PathLike) -> np.ndarray:
    """Read an id mask [H, W] uint8 from a palette or grey PNG, or from the first channel of a colour PNG."""
    with Image.open(path) as image:
        labels = np.array(image)
    return labels if labels.ndim == 2 else labels[..., 0]


def write_labels(path: str | os.PathLike, labels: np.ndarray) -> None:
    """Write an id mask [H, W] as palette PNG with the colours of DAVIS; pixel values are object ids."""
    image = Image.fromarray(np.asarray(labels).astype(np.uint8))
    image.putpalette(_davis_colours().tobytes())
    image.save(path, format="PNG")


def _davis_colours() -> np.ndarray:
    """[256, 3] uint8 colours; bits 0, 3, 6 of the id give the highest bits of red, 1, 4, 7 of green, 2, 5 of blue."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    colours = np.zeros((256, 3, 8), np.uint8)
    for position in range(8):
        colours[:, position % 3, position // 3] = bits[:, position]
    return np.packbits(colours, axis=2)[..., 0]
