"""COCO instances: one json of all clips, pictures beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.text import counted
from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.formats.json_list import JsonList
from tracker_ext.export.polygons import outlines, simplified
from tracker_ext.export.run_lengths import coco_rle


class CocoWriter(FormatWriter):
    """`annotations/instances_default.json`, `images/<clip>/<frame>`.

    Images have `video_id` and `frame_id`, annotations also `track_id` (the object's id) and `video_id`: what reads
    COCO-VID reads the tracks, what reads COCO passes them over. Segmentations are run lengths; with `--polygons`
    polygons, but for masks with holes, which polygons cannot hold.
    """

    name: ClassVar[str] = "coco"
    summary: ClassVar[str] = "COCO instances json, run lengths or --polygons"
    has_pictures: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._videos: list[dict[str, Any]] = []
        self._categories: dict[str, int] = {}
        # Lists of millions of entries are written as they come, and put together at the end.
        self._images = JsonList(folder)
        self._annotations = JsonList(folder)
        self._rle = 0

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        height, width = clip.sizes[0]
        video = {"id": len(self._videos) + 1, "name": clip.name, "width": width, "height": height}
        self._videos.append({**video, "length": clip.length})

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        clip, index = frame.clip, frame.index
        height, width = clip.sizes[index]
        video, image = self._videos[-1]["id"], self._images.count + 1
        name = f"{clip.name}/{clip.picture_name(index)}"
        self._images.add(
            {"id": image, "file_name": name, "width": width, "height": height, "video_id": video,
             "frame_id": clip.numbers[index]}
        )  # fmt: skip
        for object_id, mask in frame.masks():
            box = mask_to_box(mask)
            assert box is not None
            label = self.options.label_of(object_id)
            category = self._categories.setdefault(label, len(self._categories) + 1)
            self._annotations.add(
                {"id": self._annotations.count + 1, "image_id": image, "video_id": video, "category_id": category,
                 "track_id": object_id, "segmentation": self._segmentation(mask), "area": int(mask.sum()),
                 "bbox": box.tolist(), "iscrowd": 0}
            )  # fmt: skip
        self.place_picture(frame, self.folder / "images" / clip.name)

    def _segmentation(self, mask: np.ndarray) -> Any:
        if self.options.polygons:
            rings, holes = outlines(mask)
            if not holes:
                return [simplified(ring, self.options.simplify).ravel().tolist() for ring in rings]
            self._rle += 1
        return coco_rle(mask)

    def finish(self) -> None:
        """See `FormatWriter`."""
        categories = self._categories or {self.options.label: 1}
        folder = self.folder / "annotations"
        folder.mkdir()
        with (folder / "instances_default.json").open("w", encoding="utf-8") as file:
            file.write('{"info": {"description": "box2mask"}, "licenses": [],\n"categories": ')
            json.dump([{"id": number, "name": name} for name, number in categories.items()], file)
            file.write(',\n"videos": ')
            json.dump(self._videos, file)
            for key, entries in (("images", self._images), ("annotations", self._annotations)):
                file.write(f',\n"{key}": [')
                entries.move_to(file)
                file.write("]")
            file.write("}\n")

    def notes(self) -> list[str]:
        """See `FormatWriter`."""
        rle = f"coco: {counted(self._rle, 'mask')} with holes, which polygons cannot hold, as run lengths"
        return [*super().notes(), *([rle] if self._rle else [])]
