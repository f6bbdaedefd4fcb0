"""GOT-10k: `<got10k_path>/<split>/list.txt` and `<sequence>/{00000001.jpg, ..., groundtruth.txt}`."""

from __future__ import annotations

from pathlib import Path

from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.evaluation.textfiles import numbered_frames, read_boxes


class GOT10KDataset(BaseDataset):
    """The split `val`, or `test`, whose boxes are those of first frames only."""

    def __init__(self, split: str) -> None:
        super().__init__()
        self.base_path = Path(self.env_settings.got10k_path) / split
        self.sequence_list = (self.base_path / "list.txt").read_text().split()

    def __len__(self) -> int:
        return len(self.sequence_list)

    def get_sequence_list(self) -> SequenceList:
        return SequenceList(self._sequence(name) for name in self.sequence_list)

    def _sequence(self, name: str) -> Sequence:
        folder = self.base_path / name
        return Sequence(name, numbered_frames(folder), "got10k", read_boxes(folder / "groundtruth.txt"))
