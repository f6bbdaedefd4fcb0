"""YOLO segmentation: a text file of polygons for each frame, as Ultralytics reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from tracker_ext.export.formats.base import ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.polygons import joined, outlines, simplified


class YoloSegWriter(FormatWriter):
    """`data.yaml`, `labels/<clip>/<frame>.txt`, `images/<clip>/<frame>`.

    A line is `class x1 y1 x2 y2 ...`, in parts of the frame; an object of several parts is one polygon whose parts are
    joined by bridges of no width, and holes are filled. A frame without objects has an empty file.
    """

    name: ClassVar[str] = "yolo-seg"
    summary: ClassVar[str] = "YOLO polygons, data.yaml, images, of videos by --extract-frames"
    has_pictures: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._classes: dict[str, int] = {}
        for name in ("images", "labels"):
            (folder / name).mkdir()

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        height, width = frame.labels.shape
        lines = []
        for object_id, mask in frame.masks():
            rings, holes = outlines(mask)
            self.holes += holes > 0
            ring = joined([simplified(ring, self.options.simplify) for ring in rings]) / (width, height)
            number = self._classes.setdefault(self.options.label_of(object_id), len(self._classes))
            lines.append(f"{number} {' '.join(_part(value) for value in np.ravel(ring))}\n")
        folder = self.folder / "labels" / frame.clip.name
        folder.mkdir(exist_ok=True)
        (folder / f"{frame.stem}.txt").write_text("".join(lines), encoding="utf-8")
        self.place_picture(frame, self.folder / "images" / frame.clip.name)

    def finish(self) -> None:
        """See `FormatWriter`."""
        classes = self._classes or {self.options.label: 0}
        names = "".join(f"  {number}: {json.dumps(name)}\n" for name, number in classes.items())
        text = (
            f"# train and val are the same frames: choose clips for each\ntrain: images\nval: images\nnames:\n{names}"
        )
        (self.folder / "data.yaml").write_text(text, encoding="utf-8")


def _part(value: float) -> str:
    return f"{value:.7f}".rstrip("0").rstrip(".") or "0"
