"""Data sets with one PNG of object ids per annotated frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.vos_index import Index, tight_box
from pytracking.evaluation.images import read_frame, read_labels


class VOSDatasetBase(BaseVideoDataset):
    """The common part of DAVIS and YouTube-VOS.

    Args:
        name: name of the data set.
        root: folder of the data set.
        version: part of the name and of the paths.
        split: part of the name and of the paths.
        multiobj: whether a sequence has all objects of its video; otherwise each object is a sequence.
        vis_threshold: an object is visible if it has more pixels than this.
        image_loader: reads an image [H, W, 3] uint8 RGB from a path.
        folders: the folders of the images and of the masks.
        index: see `ltr.dataset.vos_index`.
        objects: object ids by sequence, which determine the order of the sequences.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        version: str,
        split: str,
        multiobj: bool,
        vis_threshold: int,
        image_loader: Callable[[str], np.ndarray] = read_frame,
        *,
        folders: tuple[Path, Path],
        index: Index,
        objects: dict[str, list[str]],
    ) -> None:
        super().__init__(name, root, image_loader)
        self.version = version
        self.split = split
        self.multiobj = multiobj
        self.vis_threshold = vis_threshold
        self._images, self._masks = folders
        self._index = index
        self.sequence_names = list(objects)
        if multiobj:
            self._samples = list(objects.items())
        else:
            self._samples = [(sequence, [i]) for sequence, ids in objects.items() for i in ids]

    def get_name(self) -> str:
        return f"{self.name}/{self.version}/{self.split}"

    def get_num_sequences(self) -> int:
        return len(self._samples)

    def is_mot_dataset(self) -> bool:
        return self.multiobj

    def has_segmentation_info(self) -> bool:
        return True

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """The annotation of a sequence of F frames and O objects.

        Returns:
            `sequence`, `frame_shape` (h, w), `frame_names`, `object_ids`, `object_sizes` [F, O] int32 in pixels,
            `visible` and `valid` [F, O] uint8; on a frame without annotation no object is visible.
        """
        sequence, ids = self._samples[seq_id]
        entry = self._index[sequence]
        sizes = torch.zeros(len(entry["frame_names"]), len(ids), dtype=torch.int32)
        for number, frame in enumerate(entry["frame_names"]):
            counted = entry["obj_sizes"].get(frame, {})
            sizes[number] = torch.tensor([counted.get(i, 0) for i in ids], dtype=torch.int32)
        visible = (sizes > self.vis_threshold).to(torch.uint8)
        return {
            "sequence": sequence,
            "frame_shape": tuple(entry["shape"]),
            "frame_names": entry["frame_names"],
            "object_ids": ids,
            "object_sizes": sizes,
            "visible": visible,
            "valid": visible,
        }

    def get_frames(
        self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None
    ) -> tuple[list[np.ndarray], dict[str, list[Any]], dict[str, Any]]:
        """Read frames.

        Returns:
            The images [H, W, 3] uint8 RGB. The annotation, with one entry per frame: `mask` [H, W] float32, 0 or 1 (or
            ids if `multiobj`), None without annotation; `bbox` [4] float32 (x, y, w, h) tight around the mask (or by
            object id if `multiobj`), zeros if the object is not there; `object_sizes`, `visible` and `valid` [O]. The
            other entries of `get_sequence_info`.
        """
        info = self.get_sequence_info(seq_id) if anno is None else anno
        ids = info["object_ids"]
        names = [info["frame_names"][i] for i in frame_ids]
        images = [self.image_loader(str(self._images / info["sequence"] / f"{name}.jpg")) for name in names]
        masks: list[torch.Tensor | None] = []
        boxes: list[Any] = []
        for name in names:
            path = self._masks / info["sequence"] / f"{name}.png"
            labels = read_labels(path) if path.is_file() else None
            found = {i: _box(labels, i) for i in ids}
            if self.multiobj:
                masks.append(None if labels is None else torch.from_numpy(labels.astype(np.float32)))
                boxes.append(found)
            else:
                masks.append(None if labels is None else torch.from_numpy((labels == int(ids[0])).astype(np.float32)))
                boxes.append(found[ids[0]])
        frames = {key: [info[key][i] for i in frame_ids] for key in ("object_sizes", "visible", "valid")}
        facts = {key: info[key] for key in ("sequence", "frame_shape", "frame_names", "object_ids")}
        return images, {"bbox": boxes, "mask": masks, **frames}, facts


def _box(labels: np.ndarray | None, object_id: str) -> torch.Tensor:
    return torch.tensor((0.0,) * 4 if labels is None else tight_box(labels == int(object_id)))
