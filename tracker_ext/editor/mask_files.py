"""Label maps as files and back. Shapes: H W image pixels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.mask_io import palette


def mask_png(labels: np.ndarray) -> bytes:
    """[H, W] uint8 as a palette PNG."""
    image = Image.fromarray(labels)
    image.putpalette(palette().ravel().tolist())
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=3)
    return file.getvalue()


def read_ids(path: Path) -> np.ndarray:
    """[H, W] uint8 of a palette PNG that `mask_png` made: its indices, whatever they look like."""
    with Image.open(path) as image:
        return np.array(image, dtype=np.uint8)


def ids_or_none(path: Path) -> np.ndarray | None:
    """The same; None where there is no such file, or one that cannot be read."""
    try:
        return read_ids(path)
    except (OSError, ValueError, SyntaxError):
        return None


def own_box(mask: np.ndarray) -> list[float] | None:
    """[x, y, w, h] of [H, W] bool; None of an empty one."""
    box = mask_to_box(mask)
    return None if box is None else box.tolist()
