"""Data sets with one box per frame and, optionally, pseudo masks."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ltr.dataset.base_video_dataset import BaseVideoDataset
from pytracking.evaluation.images import read_frame, read_labels
from pytracking.evaluation.textfiles import read_boxes

CLASS_FACTS = ("object_class_name", "motion_class", "major_class", "root_class", "motion_adverb")


class BoxDatasetBase(BaseVideoDataset):
    """The common part of GOT-10k, LaSOT and TrackingNet; subclasses define the paths and when the object is visible.

    Args:
        name: name of the data set.
        root: folder of the data set.
        sequences: names of the sequences, or pairs (set, name) for TrackingNet.
        image_loader: reads an image [H, W, 3] uint8 RGB from a path.
        data_fraction: share of the sequences that is kept, drawn with Python's global random generator.
    """

    mask_path: Path | None = None
    """Folder of the masks, if there are any."""

    def __init__(
        self,
        name: str,
        root: str | Path,
        sequences: list[Any],
        image_loader: Callable[[str], np.ndarray] = read_frame,
        data_fraction: float | None = None,
    ) -> None:
        super().__init__(name, root, image_loader)
        if data_fraction is not None:
            sequences = random.sample(sequences, int(len(sequences) * data_fraction))
        self.sequence_list = sequences

    def get_name(self) -> str:
        return self.name.lower()

    def has_segmentation_info(self) -> bool:
        return self.mask_path is not None

    def _box_file(self, seq_id: int) -> Path:
        """The path of the boxes of a sequence."""
        raise NotImplementedError

    def _frame(self, seq_id: int, frame_id: int) -> Path:
        """The path of a frame."""
        raise NotImplementedError

    def _boxes(self, seq_id: int) -> np.ndarray:
        """[F, 4] boxes (x, y, w, h) in pixels."""
        return read_boxes(self._box_file(seq_id))

    def _seen(self, seq_id: int) -> dict[str, np.ndarray]:
        """`visible` [F] bool and other facts per frame; empty if the data set has none."""
        return {}

    def _facts(self, seq_id: int) -> dict[str, Any]:
        """The object's class and other facts, see `CLASS_FACTS`; None for unknown ones."""
        return dict.fromkeys(CLASS_FACTS)

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """The annotation of a sequence of F frames.

        Returns:
            `bbox` [F, 4] float32 (x, y, w, h) in pixels; `valid` [F] bool, whether the box has an area; `visible` [F]
            uint8, whether the box is valid and the object not marked as hidden.

        Raises:
            ValueError: the numbers of boxes and of flags differ.
        """
        boxes = torch.from_numpy(self._boxes(seq_id).astype(np.float32))
        valid = (boxes[:, 2:] > 0).all(dim=1)
        seen = {key: torch.from_numpy(values) for key, values in self._seen(seq_id).items()}
        if len(seen.get("visible", valid)) != len(valid):
            raise ValueError(
                f"{self._box_file(seq_id)}: {len(valid)} boxes, but flags of {len(seen['visible'])} frames"
            )
        visible = (valid & seen.pop("visible", valid)).to(torch.uint8)
        return {"bbox": boxes, "valid": valid, "visible": visible, **seen}

    def get_frames(
        self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None
    ) -> tuple[list[np.ndarray], dict[str, list[Any]], dict[str, Any]]:
        """Read frames.

        Returns:
            Images [H, W, 3] uint8 RGB, whose sizes may differ; lists per frame of the entries of `get_sequence_info`
            and, if there are masks, `mask` [H, W] float32, 0 or 1; facts about the object, None for unknown ones.

        Raises:
            FileNotFoundError: a mask is missing.
        """
        info = self.get_sequence_info(seq_id) if anno is None else anno
        images = [self.image_loader(str(self._frame(seq_id, i))) for i in frame_ids]
        frames = {key: [values[i].clone() for i in frame_ids] for key, values in info.items()}
        if self.mask_path is not None:
            frames["mask"] = [self._mask(seq_id, i) for i in frame_ids]
        return images, frames, self._facts(seq_id)

    def _mask(self, seq_id: int, frame_id: int) -> torch.Tensor:
        """The mask with the same name as the frame, 0 or 1 whatever the value of the object's pixels is."""
        assert self.mask_path is not None
        path = self.mask_path / str(self.sequence_list[seq_id]) / f"{self._frame(seq_id, frame_id).stem}.png"
        if not path.is_file():
            raise FileNotFoundError(f"{self.get_name()}: no mask {path}")
        return torch.from_numpy((read_labels(path) > 0).astype(np.float32))
