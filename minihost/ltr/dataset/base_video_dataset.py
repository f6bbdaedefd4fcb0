"""The base class of video data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.images import read_frame
from torch.utils.data import Dataset


class BaseVideoDataset(Dataset):
    """Base class of data sets, whose frames are read by `get_frames` instead of `[]`.

    Args:
        name: name of the data set.
        root: folder of the data set.
        image_loader: reads an image [H, W, 3] uint8 RGB from a path.
    """

    def __init__(self, name: str, root: str | Path, image_loader: Callable[[str], np.ndarray] = read_frame) -> None:
        self.name = name
        self.root = root
        self.image_loader = image_loader
        self.sequence_list: list[Any] = []

    def __len__(self) -> int:
        return self.get_num_sequences()

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{self.get_name()}: a sequence is too long to be an item; use get_frames({index}, frame_ids)")

    def get_name(self) -> str:
        """The name for logs."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_name")

    def get_num_sequences(self) -> int:
        """The number of sequences."""
        return len(self.sequence_list)

    def is_video_sequence(self) -> bool:
        """Whether a sequence has several frames."""
        return True

    def is_mot_dataset(self) -> bool:
        """Whether a sequence has several objects."""
        return False

    def has_segmentation_info(self) -> bool:
        """Whether the data set has masks."""
        return False

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """The annotation of a whole sequence, without reading images; it has at least `valid` and `visible`."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_sequence_info")

    def get_frames(
        self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None
    ) -> tuple[list[np.ndarray], dict[str, list[Any]], dict[str, Any]]:
        """Read images, their annotation (lists with one entry per frame), and facts about the sequence.

        Args:
            seq_id: number of the sequence.
            frame_ids: numbers of the frames.
            anno: the result of `get_sequence_info`; None reads it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define get_frames")
