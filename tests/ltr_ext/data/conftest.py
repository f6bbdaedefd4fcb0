"""A folder of small photographs with id masks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr_ext.data.image_io import write_mask


@pytest.fixture(scope="session")
def photographs(tmp_path_factory) -> Path:
    """Thirty pictures in two sources: textured discs on textured ground, ids 1 and 2, a band of 255."""
    root = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:96, :128]
    for number in range(30):
        folder = root / ("discs" if number % 2 else "regions")
        folder.mkdir(exist_ok=True)
        image = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
        labels = np.zeros((96, 128), np.uint8)
        for object_id, (x, y) in ((1, (40, 45)), (2, (90, 50))):
            distance = np.hypot(columns - x, rows - y)
            labels[distance < 20] = 255
            labels[distance < 18] = object_id
            image[distance < 18] //= 2
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), image)
        write_mask(folder / f"{number:03d}.png", labels)
    return root
