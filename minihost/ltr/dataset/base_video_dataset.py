"""What every video data set answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.images import read_frame
from torch.utils.data import Dataset


class BaseVideoDataset(Dataset):
    """Base of the data sets; indexed by `get_frames`, not by `[]`.

    Args:
        name: of the data set.
        root: its folder.
        image_loader: path -> [H, W, 3] uint8 RGB.
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
        """For logs."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_name")

    def get_num_sequences(self) -> int:
        """How many sequences there are."""
        return len(self.sequence_list)

    def is_video_sequence(self) -> bool:
        """Whether a sequence has several frames."""
        return True

    def is_mot_dataset(self) -> bool:
        """Whether a sequence has several objects."""
        return False

    def has_segmentation_info(self) -> bool:
        """Whether there are masks."""
        return False

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """Annotation of a whole sequence that needs no images; at least `valid` and `visible`."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_sequence_info")

    def get_frames(
        self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None
    ) -> tuple[list[np.ndarray], dict[str, list[Any]], dict[str, Any]]:
        """Images, their annotation (lists, one entry per frame), and facts about the sequence.

        Args:
            seq_id: number of the sequence.
            frame_ids: numbers of the frames.
            anno: what `get_sequence_info` returned, if at hand.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define get_frames")
