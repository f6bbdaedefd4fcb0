"""Writing PNG files that hold exactly what they are given."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG.

    Args:
        path: its folder exists.
        pixels: [H, W] or, in OpenCV's order of channels, [H, W, 3 or 4]; uint8 or uint16.

    Raises:
        OSError: it cannot be written.
    """
    ok, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    assert ok
    path.write_bytes(data.tobytes())


def read_grey(path: Path) -> np.ndarray | None:
    """[H, W] uint8 of a grey PNG; None if the file is none, or damaged."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    return pixels if pixels is not None and pixels.ndim == 2 and pixels.dtype == np.uint8 else None
