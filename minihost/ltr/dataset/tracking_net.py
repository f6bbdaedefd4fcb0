"""TrackingNet (https://tracking-net.org)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ltr.admin.environment import env_settings
from ltr.dataset.box_base import BoxDatasetBase
from pytracking.evaluation.images import read_frame

NUM_SETS = 12


class TrackingNet(BoxDatasetBase):
    """`<root>/TRAIN_<k>/{anno/<video>.txt,frames/<video>/<i>.jpg}`, frames from 0.

    Args:
        root: folder of the data set; None means that of the settings.
        image_loader: see `BoxDatasetBase`.
        set_ids: the numbers k; None means 0 to 11.
        data_fraction: see `BoxDatasetBase`.

    Raises:
        FileNotFoundError: a set has no folder `anno`.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        image_loader: Callable[[str], np.ndarray] = read_frame,
        set_ids: list[int] | None = None,
        data_fraction: float | None = None,
    ) -> None:
        root = Path(env_settings().trackingnet_dir if root is None else root)
        self.set_ids = list(range(NUM_SETS)) if set_ids is None else set_ids
        folders = [(number, root / f"TRAIN_{number}" / "anno") for number in self.set_ids]
        for _, folder in folders:
            if not folder.is_dir():
                raise FileNotFoundError(f"TrackingNet: no folder {folder}")
        videos = [(number, path.stem) for number, folder in folders for path in sorted(folder.glob("*.txt"))]
        super().__init__("TrackingNet", root, videos, image_loader, data_fraction)

    def _box_file(self, seq_id: int) -> Path:
        number, name = self.sequence_list[seq_id]
        return Path(self.root) / f"TRAIN_{number}" / "anno" / f"{name}.txt"

    def _frame(self, seq_id: int, frame_id: int) -> Path:
        number, name = self.sequence_list[seq_id]
        return Path(self.root) / f"TRAIN_{number}" / "frames" / name / f"{frame_id}.jpg"
