"""Frames and masks of a few pixels, for miniature data sets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def write_frame(path: Path, height: int = 24, width: int = 32) -> None:
    """A grey picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def write_mask(path: Path, boxes: dict[int, tuple[int, int, int, int]], height: int = 24, width: int = 32) -> None:
    """An id mask whose objects fill their boxes (x, y, w, h)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = np.zeros((height, width), np.uint8)
    for object_id, (x, y, w, h) in boxes.items():
        labels[y : y + h, x : x + w] = object_id
    Image.fromarray(labels).save(path)
