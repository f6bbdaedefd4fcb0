"""TrackingNet: `<trackingnet_path>/TEST/{anno/<video>.txt, frames/<video>/0.jpg, ...}`."""

from __future__ import annotations

from pathlib import Path

from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.evaluation.textfiles import numbered_frames, read_boxes


class TrackingNetDataset(BaseDataset):
    """The test set, whose boxes are those of first frames only."""

    def __init__(self) -> None:
        super().__init__()
        self.base_path = Path(self.env_settings.trackingnet_path) / "TEST"
        self.annotations = sorted((self.base_path / "anno").iterdir())

    def __len__(self) -> int:
        return len(self.annotations)

    def get_sequence_list(self) -> SequenceList:
        return SequenceList(
            Sequence(path.stem, numbered_frames(self.base_path / "frames" / path.stem), "trackingnet", read_boxes(path))
            for path in self.annotations
        )
