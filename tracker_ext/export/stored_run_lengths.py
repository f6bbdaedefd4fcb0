"""Masks that `run_annotate.py` stored as run lengths alone, `coco-rle` or `mots`, as label maps again.

Shapes: H W image pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ltr_ext.data.mask_io import MAX_PALETTE_ID, write_mask
from ltr_ext.errors import UserError
from tracker_ext.export.run_lengths import mask_of_rle

RLE_FORMATS = {"coco-rle": ".json", "mots": ".txt"}
"""Format of `run_annotate.py` -> suffix of a sequence's file; the one with more in it first."""
MOTS_IDS = 1000
"""An object of MOTS is 1000 times its class plus its id."""


def rle_files(out: Path) -> list[Path]:
    """The files of the sequences of a job's output folder, in the first of `RLE_FORMATS` that it has."""
    for name, suffix in RLE_FORMATS.items():
        if found := sorted((out / name).glob(f"*{suffix}")):
            return found
    return []


def label_maps(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Stem of each frame's picture (for `mots` its number), and its label map, [H, W] uint16 object ids.

    Raises:
        UserError: the file is damaged.
    """
    try:
        yield from _of_coco(file) if file.suffix == ".json" else _of_mots(file)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise UserError(f"masks {file} cannot be read ({error!r}); make the sequence again (--redo)") from error


def unpacked_masks(file: Path, folder: Path) -> tuple[Path, ...]:
    """Write the label maps of a file as PNG; returns their paths, in the order of the frames.

    Args:
        file: see `label_maps`.
        folder: does not exist yet.
    """
    folder.mkdir(parents=True)
    paths = []
    for stem, labels in label_maps(file):
        paths.append(folder / f"{stem}.png")
        if labels.max(initial=0) <= MAX_PALETTE_ID:
            write_mask(paths[-1], labels.astype(np.uint8))
        else:
            Image.fromarray(labels).save(paths[-1])
    return tuple(paths)


def _of_coco(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    content = json.loads(file.read_text(encoding="utf-8"))
    video = content["videos"][0]
    for index, name in enumerate(video["file_names"]):
        masks = {one["object"]: one["segmentations"][index] for one in content["annotations"]}
        yield Path(name).name.partition(".")[0] or str(index), _joined(masks, (video["height"], video["width"]))


def _of_mots(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The manifest of the sequence knows how many frames there are, and how large."""
    out = next((place for place in file.parents if (place / "sequences").is_dir()), file.parent)
    manifest = json.loads((out / "sequences" / f"{file.stem}.json").read_text(encoding="utf-8"))
    found: dict[int, dict[int, Any]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        frame, number, _, height, width, counts = line.split(" ", 5)
        rle = {"size": [int(height), int(width)], "counts": counts}
        found.setdefault(int(frame), {})[int(number) % MOTS_IDS] = rle
    for index in range(manifest["frames"]):
        yield f"{index:05d}", _joined(found.get(index, {}), tuple(manifest["size"]))


def _joined(masks: dict[int, Any], size: tuple[int, int]) -> np.ndarray:
    """One label map of masks that do not overlap; `size` is that of a frame without any."""
    known = {object_id: mask_of_rle(rle) for object_id, rle in masks.items() if rle is not None}
    labels = np.zeros(next(iter(known.values())).shape if known else size, np.uint16)
    for object_id, mask in known.items():
        labels[mask] = object_id
    return labels
