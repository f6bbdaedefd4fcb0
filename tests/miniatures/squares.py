"""Squares that move right, in DAVIS layout: as small as a data set can be."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ltr_ext.data.mask_io import write_mask

NUM_FRAMES, HEIGHT, WIDTH = 4, 40, 60


def square_labels(frame: int, ids: tuple[int, ...]) -> np.ndarray:
    """Squares of 12 pixels that move right by 2 each frame; object 3 is there from frame 2 on only."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for row, object_id in enumerate(ids):
        if object_id != 3 or frame >= 2:
            labels[2 + 13 * row : 14 + 13 * row, 8 + 2 * frame : 20 + 2 * frame] = object_id
    return labels


def make_squares(root: Path) -> Path:
    """Sequences `one` (object 1) and `several` (objects 1, 2, and 3 that enters on frame 2)."""
    rng = np.random.default_rng(0)
    for name, ids in (("one", (1,)), ("several", (1, 2, 3))):
        images, masks = root / "JPEGImages/480p" / name, root / "Annotations/480p" / name
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        for frame in range(NUM_FRAMES):
            labels = square_labels(frame, ids)
            image = (labels[..., None] * 60 + rng.integers(0, 40, (HEIGHT, WIDTH, 3))).astype(np.uint8)
            cv2.imwrite(str(images / f"{frame:05d}.jpg"), image)
            write_mask(masks / f"{frame:05d}.png", labels)
    return root
