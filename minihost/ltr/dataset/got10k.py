"""GOT-10k (http://got-10k.aitestunion.com)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ltr.admin.environment import env_settings
from ltr.dataset.box_base import CLASS_FACTS, BoxDatasetBase
from pytracking.evaluation.images import read_frame
from pytracking.evaluation.textfiles import read_numbers

FULL_COVER = 8
"""`cover.label` counts how many eighths of the object are visible."""
WITHOUT_MASKS = "GOT-10k_Train_004419"
"""The sequence that the published masks do not contain."""


class Got10k(BoxDatasetBase):
    """`<root>/{list.txt,<sequence>/{%08d.jpg,groundtruth.txt,absence.label,cover.label,meta_info.ini}}`, frames from 1.

    Args:
        root: the folder `train` (or `val`); None means that of the settings.
        image_loader: see `BoxDatasetBase`.
        split: None or "train", which mean all sequences of `list.txt`. Other splits are lists that only pytracking has.
        seq_ids: numbers of the sequences in `list.txt`, instead of `split`.
        data_fraction: see `BoxDatasetBase`.

    Raises:
        FileNotFoundError: `list.txt` is missing.
        ValueError: both `split` and `seq_ids` are given, or the split is another one.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        image_loader: Callable[[str], np.ndarray] = read_frame,
        split: str | None = None,
        seq_ids: list[int] | None = None,
        data_fraction: float | None = None,
    ) -> None:
        if split is not None and seq_ids is not None:
            raise ValueError("GOT-10k: give split or seq_ids, not both")
        if split not in (None, "train"):
            raise ValueError(
                f"GOT-10k split {split!r}: the list comes with pytracking only; give seq_ids, or run on it"
            )
        root = Path(env_settings().got10k_dir if root is None else root)
        names = (root / "list.txt").read_text(encoding="utf-8").split()
        chosen = names if seq_ids is None else [names[i] for i in seq_ids]
        super().__init__("GOT10k", root, chosen, image_loader, data_fraction)

    def _folder(self, seq_id: int) -> Path:
        return Path(self.root) / self.sequence_list[seq_id]

    def _box_file(self, seq_id: int) -> Path:
        return self._folder(seq_id) / "groundtruth.txt"

    def _frame(self, seq_id: int, frame_id: int) -> Path:
        return self._folder(seq_id) / f"{frame_id + 1:08d}.jpg"

    def _seen(self, seq_id: int) -> dict[str, np.ndarray]:
        absent = read_numbers(self._folder(seq_id) / "absence.label") != 0
        cover = read_numbers(self._folder(seq_id) / "cover.label")
        return {"visible": ~absent & (cover > 0), "visible_ratio": (cover / FULL_COVER).astype(np.float32)}

    def _facts(self, seq_id: int) -> dict[str, Any]:
        path = self._folder(seq_id) / "meta_info.ini"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        known = dict(line.split(": ", 1) for line in lines if ": " in line)
        return {fact: known.get(fact.removesuffix("_name")) for fact in CLASS_FACTS}


class Got10kVOS(Got10k):
    """GOT-10k with pseudo masks `<anno_path>/<sequence>/%08d.png`, whose numbers are those of the frames.

    Args:
        anno_path: folder of the masks.
        split: see `Got10k`.
    """

    def __init__(self, anno_path: str | Path, split: str | None = "train") -> None:
        super().__init__(split=split)
        self.mask_path = Path(anno_path)
        self.sequence_list = [name for name in self.sequence_list if name != WITHOUT_MASKS]
