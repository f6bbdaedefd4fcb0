"""Masks as run lengths: COCO (YouTube-VIS layout) json, MOTS text. Needs the extra `coco` (pycocotools)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.trust_table import Trust
from ltr_ext.errors import UserError
from ltr_ext.output import replacing
from tracker_ext.annotation.formats.base import SequenceInfo, parts, refuse_ids_above

MOTS_CLASS = 1
"""Class of all objects: MOTS needs one, and boxes have none."""
MOTS_IDS = 1000
"""An object of MOTS is 1000 times its class plus its id."""


def encode(mask: np.ndarray) -> dict[str, Any]:
    """COCO's compressed run lengths.

    Args:
        mask: [H, W] bool.

    Returns:
        `{"size": [H, W], "counts": text}`.

    Raises:
        UserError: pycocotools is not installed.
    """
    try:
        from pycocotools import mask as coco
    except ImportError as error:
        raise UserError("formats coco-rle and mots need pycocotools: pip install '.[coco]'") from error
    found = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in found["size"]], "counts": found["counts"].decode("ascii")}


class CocoFormat:
    """`coco-rle/<sequence>.json`, and all of them in `coco-rle.json`: YouTube-VIS layout, one annotation per object."""

    name: ClassVar[str] = "coco-rle"
    has_pictures: ClassVar[bool] = False

    def start(self, work: Path, info: SequenceInfo) -> CocoWriter:
        """See `Format`."""
        encode(np.zeros((1, 1), bool))  # without the library, say so before the first sequence
        return CocoWriter(work, info)

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Join the sequences' files, one at a time, with ids that are unique in the whole."""
        names = list(names)
        folder = out / "coco-rle"
        with replacing(out / "coco-rle.json") as file:
            file.write(b'{"categories": [{"id": 1, "name": "object"}], "videos": [')
            for number, (_, part) in enumerate(parts(folder, names, ("videos", "annotations")), 1):
                file.write(f"{',' if number > 1 else ''}\n{json.dumps(part['videos'][0] | {'id': number})}".encode())
            file.write(b'], "annotations": [')
            count = 0
            for number, (_, part) in enumerate(parts(folder, names, ("videos", "annotations")), 1):
                for annotation in part["annotations"]:
                    count += 1
                    entry = annotation | {"id": count, "video_id": number}
                    file.write(f"{',' if count > 1 else ''}\n{json.dumps(entry)}".encode())
            file.write(b"]}\n")


class CocoWriter:
    """See `SequenceWriter`."""

    def __init__(self, work: Path, info: SequenceInfo) -> None:
        self._work, self._info = work, info
        self._target = Path("coco-rle") / f"{info.safe}.json"
        empty: dict[str, list[Any]] = {"segmentations": [], "bboxes": [], "areas": [], "confidences": []}
        self._tracks = {object_id: {key: list(values) for key, values in empty.items()} for object_id in info.objects}

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """See `SequenceWriter`."""
        for object_id, track in self._tracks.items():
            mask = labels == object_id
            box = mask_to_box(mask)
            confidence = trust[object_id].confidence if object_id in trust else math.nan
            track["segmentations"].append(None if box is None else encode(mask))
            track["bboxes"].append(None if box is None else box.tolist())
            track["areas"].append(None if box is None else int(mask.sum()))
            track["confidences"].append(None if math.isnan(confidence) else round(confidence, 4))

    def close(self) -> list[Path]:
        """See `SequenceWriter`."""
        info = self._info
        names = info.stems
        if info.pictures is not None:
            names = [f"{stem}{path.suffix}" for stem, path in zip(info.stems, info.pictures, strict=True)]
        video = {
            "id": 1, "name": info.name, "file_names": [f"{info.name}/{name}" for name in names],
            "height": info.sizes[0][0], "width": info.sizes[0][1], "length": len(names),
        }  # fmt: skip
        annotations = []
        for number, (object_id, track) in enumerate(self._tracks.items(), 1):
            known = [value for value in track["confidences"] if value is not None]
            score = {"score": round(sum(known) / len(known), 4)} if known else {}
            entry = {
                "id": number,
                "video_id": 1,
                "category_id": 1,
                "iscrowd": 0,
                "object": object_id,
                "label": info.objects[object_id],
                **track,
                **score,
            }
            annotations.append(entry)
        content = {
            "videos": [video],
            "categories": [{"id": 1, "name": "object"}],
            "annotations": annotations,
        }
        path = self._work / self._target
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return [self._target]


class MotsFormat:
    """`mots/<sequence>.txt`: `frame object class height width counts` lines; object = class * 1000 + id."""

    name: ClassVar[str] = "mots"
    has_pictures: ClassVar[bool] = False

    def start(self, work: Path, info: SequenceInfo) -> MotsWriter:
        """See `Format`."""
        encode(np.zeros((1, 1), bool))
        refuse_ids_above(MOTS_IDS - 1, info, self.name)
        return MotsWriter(work, info)

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Nothing: this format has no list of sequences."""


class MotsWriter:
    """See `SequenceWriter`."""

    def __init__(self, work: Path, info: SequenceInfo) -> None:
        self._target = Path("mots") / f"{info.safe}.txt"
        path = work / self._target
        path.parent.mkdir(parents=True)
        self._file = path.open("w", encoding="utf-8")

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """See `SequenceWriter`."""
        for object_id in np.unique(labels).tolist():
            if object_id:
                run_lengths = encode(labels == object_id)
                height, width = run_lengths["size"]
                number = MOTS_CLASS * MOTS_IDS + object_id
                self._file.write(f"{index} {number} {MOTS_CLASS} {height} {width} {run_lengths['counts']}\n")

    def close(self) -> list[Path]:
        """See `SequenceWriter`."""
        self._file.close()
        return [self._target]
