"""DAVIS and YouTube-VOS: videos with id masks of several objects."""

from __future__ import annotations

import importlib
import json
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.evaluation.images import read_labels

NO_BOX = (-1.0, -1.0, -1.0, -1.0)
"""The box of an object on a frame without annotation, or where the object is not visible."""


def label_boxes(labels: np.ndarray) -> dict[str, tuple[float, float, float, float]]:
    """The tight boxes (x, y, w, h) in pixels of the objects in an id mask [H, W], by id; 0 is background."""
    boxes = {}
    for object_id in np.unique(labels[labels > 0]):
        rows, columns = np.nonzero(labels == object_id)
        x, y = columns.min(), rows.min()
        boxes[str(object_id)] = (float(x), float(y), float(columns.max() - x + 1), float(rows.max() - y + 1))
    return boxes


class _VideoObjectDataset(BaseDataset):
    """Base class: videos in `jpeg_path/<video>`, with id masks of the same file names in `anno_path/<video>`."""

    dataset_name: str
    jpeg_path: Path
    anno_path: Path
    sequence_names: list[str]

    def __len__(self) -> int:
        return len(self.sequence_names)

    def get_sequence_list(self) -> SequenceList:
        return SequenceList(self._sequence(name) for name in self.sequence_names)

    def _object_ids(self, name: str, boxes: list[dict[str, Any]]) -> list[str]:
        """The ids in the order of their first appearance."""
        return list(dict.fromkeys(object_id for frame in boxes for object_id in frame))

    def _entries(self, name: str, frames: list[Path], boxes: dict[str, np.ndarray]) -> dict[int, Any] | None:
        """The `init_data` of a sequence; None if all objects appear on the first frame."""
        return None

    def _sequence(self, name: str) -> Sequence:
        frames = sorted((self.jpeg_path / name).glob("*.jpg"))
        masks = [self.anno_path / name / f"{frame.stem}.png" for frame in frames]
        masks_or_none = [str(mask) if mask.is_file() else None for mask in masks]
        by_frame = [label_boxes(read_labels(mask)) if mask else {} for mask in masks_or_none]
        ids = self._object_ids(name, by_frame)
        boxes = OrderedDict((i, np.array([frame.get(i, NO_BOX) for frame in by_frame])) for i in ids)
        return Sequence(
            name,
            [str(frame) for frame in frames],
            self.dataset_name,
            boxes,
            ground_truth_seg=masks_or_none,
            init_data=self._entries(name, frames, boxes),
            object_ids=ids,
            multiobj_mode=True,
        )


class DavisDataset(_VideoObjectDataset):
    """`<root>/{JPEGImages,Annotations}/480p/<video>/00000.*`, `ImageSets/<version>/<split>.txt`.

    The masks of 2016 have the values 0 and 255, so the object's id is `255` there, as in upstream.
    """

    dataset_name = "DAVIS"

    def __init__(self, version: str, split: str) -> None:
        super().__init__()
        local = importlib.import_module("ltr.admin.local").EnvironmentSettings()
        if version == "2016":
            root = Path(local.davis16_dir)
        else:
            root = Path(local.davis_testdev_dir if split == "test-dev" else local.davis_dir)
        self.jpeg_path = root / "JPEGImages" / "480p"
        self.anno_path = root / "Annotations" / "480p"
        self.sequence_names = (root / "ImageSets" / version / f"{split}.txt").read_text().split()


class YouTubeVOSDataset(_VideoObjectDataset):
    """`<root>/<version>/<split>/{JPEGImages,Annotations}/<video>/` and `meta.json`, which lists the frames of each object.

    Args:
        version: "2018" or "2019".
        split: "train", "valid" or "test".
        all_frames: whether the pictures are those of `<split>_all_frames`, most of which have no annotation.
        sequences: names of the sequences; None means all of the split.
        cleanup: as in upstream; the only known one, "starts", has no effect, since here an object always appears on the
            first frame where its mask has pixels.
    """

    dataset_name = "YouTubeVOS"

    def __init__(
        self, version: str, split: str, all_frames: bool = False, sequences: list[str] | None = None,
        cleanup: Collection[str] = ()
    ) -> None:
        super().__init__()
        if unknown := set(cleanup) - {"starts"}:
            raise ValueError(f"YouTube-VOS cleanup {sorted(unknown)} is unknown; known: starts")
        root = Path(importlib.import_module("ltr.admin.local").EnvironmentSettings().youtubevos_dir) / version
        self.jpeg_path = root / (f"{split}_all_frames" if all_frames else split) / "JPEGImages"
        self.anno_path = root / split / "Annotations"
        self.meta = json.loads((root / split / "meta.json").read_text())["videos"]
        self.sequence_names = sorted(self.meta if sequences is None else sequences)

    def _object_ids(self, name: str, boxes: list[dict[str, Any]]) -> list[str]:
        return list(self.meta[name]["objects"])

    def _entries(self, name: str, frames: list[Path], boxes: dict[str, np.ndarray]) -> dict[int, Any]:
        number = {frame.stem: i for i, frame in enumerate(frames)}
        entries: dict[int, Any] = {}
        for object_id, about in self.meta[name]["objects"].items():
            # In some training videos, `meta.json` lists frames of an object before its mask has pixels.
            shown = [stem for stem in about["frames"] if stem in number and boxes[object_id][number[stem], 2] > 0]
            if not shown:
                raise FileNotFoundError(f"YouTube-VOS: object {object_id} is in no mask of {self.anno_path / name}")
            stem = shown[0]
            mask = str(self.anno_path / name / f"{stem}.png")
            entry = entries.setdefault(number[stem], {"object_ids": [], "bbox": OrderedDict(), "mask": mask})
            entry["object_ids"].append(object_id)
            entry["bbox"][object_id] = boxes[object_id][number[stem]]
        return entries
