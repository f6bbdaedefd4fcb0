"""LaSOT (https://vision.cs.stonybrook.edu/~lasot)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ltr.admin.environment import env_settings
from ltr.dataset.box_base import CLASS_FACTS, BoxDatasetBase
from pytracking.evaluation.images import read_frame
from pytracking.evaluation.lasotdataset import training_sequences
from pytracking.evaluation.textfiles import read_numbers

MASK_STEP, MASK_SPAN = 5, 1000
"""There are masks of every fifth of the first thousand frames."""


class Lasot(BoxDatasetBase):
    """`<root>/<class>/<class>-<n>/{img/%08d.jpg,groundtruth.txt,full_occlusion.txt,out_of_view.txt}`, frames from 1.

    Args:
        root: folder of the data set; None means that of the settings.
        image_loader: see `BoxDatasetBase`.
        vid_ids: numbers n of the sequences, the same for every class.
        split: "train", instead of `vid_ids`: the sequences in `training_set.txt` of the root if it exists, otherwise
            the 1120 sequences that are not in the test set of protocol II.
        data_fraction: see `BoxDatasetBase`.

    Raises:
        ValueError: both or neither of `vid_ids` and `split` are given, or the split is another one.
    """

    step = 1
    """Number of frames from one used frame to the next."""

    def __init__(
        self,
        root: str | Path | None = None,
        image_loader: Callable[[str], np.ndarray] = read_frame,
        vid_ids: list[int] | None = None,
        split: str | None = None,
        data_fraction: float | None = None,
    ) -> None:
        if (split is None) == (vid_ids is None):
            raise ValueError("LaSOT: give vid_ids or split, one of the two")
        if split not in (None, "train"):
            raise ValueError(f"LaSOT split {split!r} is unknown; known: train")
        root = Path(env_settings().lasot_dir if root is None else root)
        if vid_ids is not None:
            classes = sorted(path.name for path in root.iterdir() if path.is_dir())
            names = [f"{category}-{number}" for category in classes for number in vid_ids]
        else:
            listed = root / "training_set.txt"
            names = listed.read_text(encoding="utf-8").split() if listed.is_file() else training_sequences()
        super().__init__("LaSOT", root, names, image_loader, data_fraction)

    def _folder(self, seq_id: int) -> Path:
        name = self.sequence_list[seq_id]
        return Path(self.root) / name.rsplit("-", 1)[0] / name

    def _box_file(self, seq_id: int) -> Path:
        return self._folder(seq_id) / "groundtruth.txt"

    def _frame(self, seq_id: int, frame_id: int) -> Path:
        return self._folder(seq_id) / "img" / f"{1 + self.step * frame_id:08d}.jpg"

    def _seen(self, seq_id: int) -> dict[str, np.ndarray]:
        hidden = [read_numbers(self._folder(seq_id) / f"{flag}.txt") != 0 for flag in ("full_occlusion", "out_of_view")]
        return {"visible": ~(hidden[0] | hidden[1])}

    def _facts(self, seq_id: int) -> dict[str, Any]:
        return dict.fromkeys(CLASS_FACTS) | {"object_class_name": self.sequence_list[seq_id].rsplit("-", 1)[0]}


class LasotVOS(Lasot):
    """LaSOT with pseudo masks `<anno_path>/<class>-<n>/%08d.png`, whose numbers are those of the frames.

    Frame i is picture 1 + 5 i; only the first thousand pictures are used.

    Args:
        anno_path: folder of the masks.
        split: see `Lasot`.
    """

    step = MASK_STEP

    def __init__(self, anno_path: str | Path, split: str = "train") -> None:
        super().__init__(split=split)
        self.mask_path = Path(anno_path)

    def _boxes(self, seq_id: int) -> np.ndarray:
        return super()._boxes(seq_id)[:MASK_SPAN:MASK_STEP]

    def _seen(self, seq_id: int) -> dict[str, np.ndarray]:
        return {key: values[:MASK_SPAN:MASK_STEP] for key, values in super()._seen(seq_id).items()}
