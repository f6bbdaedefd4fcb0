"""MOTS PNG: 16 bits, 1000 times the class plus the object's id, as CVAT and Datumaro read it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.video.png_files import write_png

CLASS = 1000
MOST_CLASSES = 65
"""Values have 16 bits."""


class MotsPngWriter(FormatWriter):
    """`<clip>/instances/<frame>.png`, `<clip>/instances/labels.txt`, `<clip>/images/<frame>`; classes from 1."""

    name: ClassVar[str] = "mots-png"
    summary: ClassVar[str] = "MOTS PNG (16 bits, class * 1000 + object), for CVAT and Datumaro"
    has_pictures: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._classes = list(dict.fromkeys([options.label, *options.labels.values()]))
        if len(self._classes) > MOST_CLASSES:
            raise UserError(f"--format mots-png: {len(self._classes)} classes; it holds {MOST_CLASSES}")

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        if clip.ids and clip.ids[-1] >= CLASS:
            raise UserError(
                f"{clip.name}: object id {clip.ids[-1]}, but --format mots-png holds ids up to {CLASS - 1}; take "
                "--format coco, or choose some with --objects"
            )
        folder = self.folder / clip.name / "instances"
        folder.mkdir(parents=True)
        (folder / "labels.txt").write_text("".join(f"{name}\n" for name in self._classes), encoding="utf-8")

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        values = np.zeros(CLASS, np.uint16)
        for object_id in frame.ids:
            number = self._classes.index(self.options.label_of(object_id)) + 1
            values[object_id] = CLASS * number + object_id
        folder = self.folder / frame.clip.name
        write_png(folder / "instances" / f"{frame.stem}.png", values[frame.labels])
        self.place_picture(frame, folder / "images")
