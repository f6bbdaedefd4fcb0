"""Views of the host's video data sets with other masks (made with `multiobj=False`, so each object is a sequence)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError

Frames = tuple[list[np.ndarray], dict[str, Any], dict[str, Any]]


class _View:
    """Base class: everything is as in the data set, except the masks.

    Args:
        dataset: one of the host's data sets.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def get_num_sequences(self) -> int:
        """The number of sequences, each of one object."""
        return self.dataset.get_num_sequences()

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """The data set's facts about a sequence."""
        return self.dataset.get_sequence_info(seq_id)


class BoxesOnly(_View):
    """A data set whose masks are hidden: each is replaced by its filled box."""

    def get_name(self) -> str:
        """The name for logs."""
        return f"{self.dataset.get_name()}, boxes"

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None) -> Frames:
        """The frames' images, their annotation with `mask` [H, W] float32 (1 in the box), and facts."""
        images, annotation, facts = self.dataset.get_frames(seq_id, frame_ids, anno)
        boxes = annotation["bbox"]
        masks = [_filled(box, image.shape[:2]) for box, image in zip(boxes, images, strict=True)]
        return images, {"bbox": boxes, "mask": masks, "visible": annotation["visible"]}, facts


class PseudoMasks(_View):
    """YouTube-VOS with the masks of another folder, for example those that box2mask made.

    Args:
        dataset: the host's YouTubeVOS.
        folder: the folder of the masks `<sequence>/<frame>.png`, whose pixel values are object ids.
    """

    def __init__(self, dataset: Any, folder: Path) -> None:
        super().__init__(dataset)
        self.folder = folder

    def get_name(self) -> str:
        """The name for logs."""
        return f"{self.dataset.get_name()}, masks of {self.folder.name}"

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None) -> Frames:
        """The frames' images, their annotation with `mask` [H, W] float32 (0 or 1), and facts.

        Raises:
            UserError: a mask is missing.
        """
        info = self.get_sequence_info(seq_id) if anno is None else anno
        images, annotation, facts = self.dataset.get_frames(seq_id, frame_ids, info)
        names = [info["frame_names"][i] for i in frame_ids]
        masks = [self._read(info["sequence"], name, int(info["object_ids"][0])) for name in names]
        return images, {**annotation, "mask": masks}, facts

    def _read(self, sequence: str, frame: str, object_id: int) -> Tensor:
        path = self.folder / sequence / f"{frame}.png"
        if not path.is_file():
            raise UserError(f"pseudo mask {path} is missing: annotate {sequence} with run_annotate.py")
        return torch.from_numpy((read_mask(path) == object_id).astype(np.float32))


def _filled(box: Tensor, image_hw: tuple[int, ...]) -> Tensor:
    """[H, W] float32 that is 1 inside a box, rounded to whole pixels."""
    x, y, w, h = (round(float(value)) for value in box)
    mask = torch.zeros(image_hw[0], image_hw[1])
    mask[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = 1
    return mask
