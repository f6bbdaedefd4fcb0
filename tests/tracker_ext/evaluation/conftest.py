"""A tiny data set in DAVIS layout, and results for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import read_mask, write_mask

NUM_FRAMES, HEIGHT, WIDTH = 4, 40, 60


def square_labels(frame: int, ids: tuple[int, ...]) -> np.ndarray:
    """Squares of 12 pixels that move right by 2 each frame; object 3 is there from frame 2 on only."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for row, object_id in enumerate(ids):
        if object_id != 3 or frame >= 2:
            labels[2 + 13 * row : 14 + 13 * row, 8 + 2 * frame : 20 + 2 * frame] = object_id
    return labels


@pytest.fixture
def davis_root(tmp_path: Path) -> Path:
    """Sequences `one` (object 1) and `several` (objects 1, 2, and 3 that enters on frame 2)."""
    root = tmp_path / "davis"
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


@pytest.fixture
def store_results() -> Callable[..., None]:
    """`store_results(sequences, folder, shift=0)`, see `_store_results`."""
    return _store_results


def _store_results(sequences, folder: Path, shift: int = 0) -> None:
    """Write the truth, moved right by `shift` pixels, as a tracker's results in the host's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    for sequence in sequences:
        (folder / "masks" / sequence.name).mkdir(parents=True, exist_ok=True)
        tracks: dict[str, list[np.ndarray]] = {object_id: [] for object_id in sequence.object_ids}
        for frame, path in zip(sequence.frames, sequence.ground_truth_seg, strict=True):
            labels = np.roll(read_mask(path), shift, axis=1)
            for object_id, track in tracks.items():
                box = mask_to_box(labels == int(object_id))
                if box is not None:
                    track.append(box)
            stored = labels if sequence.multiobj_mode else labels > 0
            write_mask(folder / "masks" / sequence.name / f"{Path(frame).stem}.png", stored)
        for object_id, track in tracks.items():
            name = f"{sequence.name}_{object_id}" if sequence.multiobj_mode else sequence.name
            np.savetxt(folder / f"{name}.txt", track, delimiter="\t", fmt="%.2f")
            np.savetxt(folder / f"{name}_time.txt", np.full(len(track), 0.25), fmt="%f")
