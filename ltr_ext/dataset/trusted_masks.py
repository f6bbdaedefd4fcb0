"""Pseudo masks for training, without the sequences that a reviewer rejected and without masks of low confidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr_ext.data.decisions import rejected_in
from ltr_ext.data.trust_table import read_trust, trust_file
from ltr_ext.errors import UserError
from ltr_ext.text import counted


class TrustedMasks:
    """A view of one of the host's video data sets with pseudo masks (`Got10kVOS`, `LasotVOS`, ...).

    Sequences that `<annotation>/decisions.csv` rejects are left out, and the others are renumbered. Frames whose mask
    has too low a confidence are present but not `visible`, so that samplers do not draw them. Everything else is as in
    the data set.

    Args:
        dataset: the host's data set, each of whose sequences has one object.
        annotation: output folder of the annotation job that made the masks, with `trust/<sequence>.csv` and, once
            decisions were applied, `decisions.csv`.
        min_confidence: smallest confidence of a mask that is used; 0 uses all masks. If it is above 0, masks without a
            confidence are not used.
        names: names of the sequences, in the order of their numbers; None means `dataset.sequence_list`.
        prefix: what the annotation job puts before these names, for example "train/".

    Raises:
        UserError: `min_confidence` is out of range, the folder is missing, the decisions cannot be read, or they reject
            all sequences.
    """

    def __init__(
        self,
        dataset: Any,
        annotation: str | Path,
        *,
        min_confidence: float = 0.0,
        names: Sequence[str] | None = None,
        prefix: str = "",
    ) -> None:
        self.dataset = dataset
        self.annotation = Path(annotation)
        self.min_confidence = min_confidence
        if not 0 <= min_confidence <= 1:
            raise UserError(f"min_confidence {min_confidence}: must lie between 0 and 1")
        if not self.annotation.is_dir():
            raise UserError(f"annotation {self.annotation}: no such folder; name the output of run_annotate.py")
        names = [prefix + name for name in (dataset.sequence_list if names is None else names)]
        rejected = rejected_in(self.annotation)
        self._kept = [(number, name) for number, name in enumerate(names) if name not in rejected]
        if not self._kept:
            raise UserError(f"annotation {self.annotation}: all {len(names)} sequences are rejected; accept some")
        self.sequence_list = [name for _, name in self._kept]
        self._confidences: dict[int, np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        """All other attributes are the data set's: `get_name`, `is_video_sequence`, ..."""
        if name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __len__(self) -> int:
        return len(self._kept)

    def get_num_sequences(self) -> int:
        """The number of sequences that are not rejected."""
        return len(self._kept)

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """The data set's facts about a sequence, with `visible` false where the mask's confidence is too low.

        Raises:
            UserError: `min_confidence` is above 0, and the sequence has no trust table or one of another length.
        """
        info = dict(self.dataset.get_sequence_info(self._kept[seq_id][0]))
        if self.min_confidence > 0:
            visible = torch.as_tensor(info["visible"])
            trusted = torch.from_numpy(self._confidence(seq_id, len(visible)) >= self.min_confidence)
            info["visible"] = (visible.bool() & trusted.reshape(-1, *[1] * (visible.ndim - 1))).to(visible.dtype)
        return info

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any] | None = None) -> Any:
        """The data set's frames, with the annotation of `get_sequence_info`."""
        info = self.get_sequence_info(seq_id) if anno is None else anno
        return self.dataset.get_frames(self._kept[seq_id][0], frame_ids, info)

    def _confidence(self, seq_id: int, num_frames: int) -> np.ndarray:
        """[num_frames] float32 confidences, -1 for nan; of several objects the lowest.

        The i-th frame of the data set is the i-th frame of the table, since both count the frames that have masks:
        every frame (GOT-10k) or every fifth (LaSOT).
        """
        if seq_id not in self._confidences:
            path = trust_file(self.annotation, self._kept[seq_id][1])
            by_frame: dict[int, float] = {}
            for row in read_trust(path):
                confidence = -1.0 if np.isnan(row.trust.confidence) else row.trust.confidence
                by_frame[row.frame] = min(by_frame.get(row.frame, 1.0), confidence)
            if len(by_frame) != num_frames:
                name = self._kept[seq_id][1]
                raise UserError(
                    f"trust table {path}: {counted(len(by_frame), 'frame')}, but {name} has {num_frames}; "
                    "annotate it again"
                )
            self._confidences[seq_id] = np.array([by_frame[frame] for frame in sorted(by_frame)], np.float32)
        return self._confidences[seq_id]
