"""LabelMe and X-AnyLabeling: a json of polygons for each frame."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from tracker_ext.export.formats.base import ExportFrame, FormatWriter
from tracker_ext.export.polygons import outlines, simplified

VERSION = "5.4.1"
"""Of LabelMe, whose form it is; X-AnyLabeling reads it as well."""


class LabelMeWriter(FormatWriter):
    """`<clip>/<frame>.json` beside the picture; `group_id` is the object's id, and holds its parts together."""

    name: ClassVar[str] = "labelme"
    summary: ClassVar[str] = "LabelMe / X-AnyLabeling json, polygons, group_id is the track"
    has_pictures: ClassVar[bool] = True

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        height, width = frame.labels.shape
        shapes: list[dict[str, Any]] = []
        for object_id, mask in frame.masks():
            rings, holes = outlines(mask)
            self.holes += holes > 0
            shapes += [
                {"label": self.options.label_of(object_id),
                 "points": simplified(ring, self.options.simplify).tolist(),
                 "group_id": object_id, "description": "", "shape_type": "polygon", "flags": {}}
                for ring in rings
            ]  # fmt: skip
        content = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": frame.clip.picture_name(frame.index),
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        folder = self.folder / frame.clip.name
        folder.mkdir(exist_ok=True)
        (folder / f"{frame.stem}.json").write_text(json.dumps(content), encoding="utf-8")
        self.place_picture(frame, folder)
