"""Reads the soft edges of a result: the alpha of each object and frame, in `soft/<object>/<frame>.png`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.png_files import read_grey

REMEDY = "run_annotate.py video ... --soft makes them"


@dataclass(frozen=True)
class SoftEdges:
    """The soft edges of one clip."""

    folder: Path

    def alpha(self, object_id: int, stem: str, size: tuple[int, int]) -> np.ndarray:
        """Read how much of each pixel an object covers, on a frame that shows it.

        Args:
            object_id: the id of the object.
            stem: the name of the frame's mask without suffix.
            size: (height, width) of the mask.

        Returns:
            [H, W] uint8, 0..255.

        Raises:
            UserError: the file is missing, cannot be read, or has another size.
        """
        path = self.folder / str(object_id) / f"{stem}.png"
        if not path.is_file():
            raise UserError(f"soft edges {path} are missing; {REMEDY}")
        alpha = read_grey(path)
        if alpha is None or alpha.shape != size:
            what = "cannot be read" if alpha is None else f"are {alpha.shape[1]}x{alpha.shape[0]}, the masks"
            also = "" if alpha is None else f" {size[1]}x{size[0]}"
            raise UserError(f"soft edges {path} {what}{also}; {REMEDY}")
        return alpha


def refuse_without(clips: dict[str, SoftEdges | None]) -> None:
    """Refuse clips that were stored without soft edges.

    Args:
        clips: the soft edges by name of the clip.

    Raises:
        UserError: a clip has none.
    """
    for name, edges in clips.items():
        if edges is None:
            raise UserError(f"--soft: {name} has no soft edges; {REMEDY}, or leave --soft out")
