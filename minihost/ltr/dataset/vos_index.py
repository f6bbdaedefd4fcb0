"""The index of a data set with masks: the objects in each frame and their sizes, computed once and kept in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.images import read_labels
from tqdm import tqdm

Index = dict[str, dict[str, Any]]
"""For each sequence, `shape` (h, w), `frame_names`, and `obj_sizes` {frame: {object id as string: pixels}}."""


def load_index(path: Path, images: Path, masks: Path, name: str) -> Index:
    """Read the index, or compute and write it; if it cannot be written, it is computed each time.

    Args:
        path: the index file.
        images: folder that has a folder with `<frame>.jpg` for each sequence.
        masks: folder that has a folder with `<frame>.png` for each sequence.
        name: name of the data set, for the progress bar.

    Raises:
        FileNotFoundError: there is no folder of masks.
    """
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    if not masks.is_dir():
        raise FileNotFoundError(f"{name}: no folder {masks}")
    folders = sorted(folder for folder in masks.iterdir() if folder.is_dir())
    index = {
        folder.name: _index_sequence(images / folder.name, folder)
        for folder in tqdm(folders, desc=f"{name}: indexing masks", unit="seq", disable=None)
    }
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(index), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        print(f"{name}: the index cannot be kept in {path} ({error.strerror})")
    return index


def _index_sequence(images: Path, masks: Path) -> dict[str, Any]:
    sizes: dict[str, dict[str, int]] = {}
    boxes: dict[str, dict[str, list[int]]] = {}
    shape: tuple[int, ...] = ()
    for path in sorted(masks.glob("*.png")):
        labels = read_labels(path)
        shape = shape or labels.shape
        ids, counts = np.unique(labels[labels > 0], return_counts=True)
        sizes[path.stem] = {str(i): int(count) for i, count in zip(ids, counts, strict=True)}
        boxes[path.stem] = {str(i): [int(side) for side in tight_box(labels == i)] for i in ids}
    frames = sorted(path.stem for path in images.glob("*.jpg"))
    return {"shape": list(shape), "obj_sizes": sizes, "bboxes": boxes, "frame_names": frames}


def tight_box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """The half-open box (x, y, w, h) of the true pixels of [H, W], so that one pixel has width 1; zeros for none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0.0, 0.0, 0.0, 0.0
    x, y = columns[0], rows[0]
    return float(x), float(y), float(columns[-1] - x + 1), float(rows[-1] - y + 1)
