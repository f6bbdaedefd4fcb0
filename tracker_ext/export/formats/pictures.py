"""A PNG for each object and frame: black and white masks, and objects cut out."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box
from tracker_ext.export.formats.base import ExportFrame, FormatWriter
from tracker_ext.video.png_files import write_png


class BinaryWriter(FormatWriter):
    """`<clip>/<object>/<frame>.png`, 0 and 255, for every frame: black where the object is absent."""

    name: ClassVar[str] = "binary"
    summary: ClassVar[str] = "black and white PNG (0, 255) for each object and frame"

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        for object_id in frame.clip.ids:
            folder = self.folder / frame.clip.name / str(object_id)
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{frame.stem}.png", (frame.labels == object_id).astype(np.uint8) * np.uint8(255))


class CutoutWriter(FormatWriter):
    """`<clip>/<object>/<frame>.png`, RGBA, cropped to the object; none where the object is absent."""

    name: ClassVar[str] = "cutout"
    summary: ClassVar[str] = "each object cut out of each frame, transparent around it (RGBA PNG)"
    needs_frames: ClassVar[bool] = True
    has_alpha: ClassVar[bool] = True

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        assert frame.image is not None
        for object_id in frame.ids:
            alpha = frame.alpha(object_id)
            box = mask_to_box(alpha > 0)
            if box is None:
                continue
            x, y, w, h = (int(side) for side in box)
            inside = alpha[y : y + h, x : x + w]
            colours = np.where(inside[..., None] > 0, frame.image[y : y + h, x : x + w], 0)
            cut = np.dstack([colours, inside])
            folder = self.folder / frame.clip.name / str(object_id)
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{frame.stem}.png", cv2.cvtColor(cut, cv2.COLOR_RGBA2BGRA))
