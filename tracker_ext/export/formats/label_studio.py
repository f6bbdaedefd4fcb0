"""Label Studio: brush masks, a task for each frame; and video rectangles, a task for each clip."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.formats.json_list import JsonList
from tracker_ext.export.run_lengths import run_lengths
from tracker_ext.video.overlay import DEFAULT_FPS

LOCAL_FILES = "/data/local-files/?d="
"""Address of a file below Label Studio's LOCAL_FILES_DOCUMENT_ROOT, which is to be the folder of the export."""
RUN_BITS = (3, 4, 8, 16)
"""Lengths of runs have so many bits, less one."""
CHANNELS = 4


class LabelStudioWriter(FormatWriter):
    """`brush.json` with `brush.xml` (labelling interface), `video.json` with `video.xml`, `images/<clip>/<frame>`.

    Brush masks hold every pixel; a video rectangle is the tight box of the mask on each frame, for what tracks have to
    be looked at: Label Studio has no masks over time.
    """

    name: ClassVar[str] = "label-studio"
    summary: ClassVar[str] = "Label Studio json: brush masks of frames, and video rectangles"
    has_pictures: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._frames, self._videos = JsonList(folder), JsonList(folder)
        self._sequences: dict[int, list[dict[str, Any]]] = {}
        self._last: dict[int, int] = {}
        """Object id -> index of the last frame it is on."""
        self._labels: dict[str, None] = {}

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        self._sequences = defaultdict(list)

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        clip, number = frame.clip, frame.clip.numbers[frame.index]
        height, width = frame.labels.shape
        results = []
        for object_id, mask in frame.masks():
            label = self.options.label_of(object_id)
            self._labels[label] = None
            value = {"format": "rle", "rle": list(brush_rle(mask)), "brushlabels": [label]}
            results.append(
                {"id": f"object_{object_id}", "type": "brushlabels", "from_name": "brush", "to_name": "image",
                 "origin": "manual", "original_width": width, "original_height": height, "image_rotation": 0,
                 "meta": {"text": [str(object_id)]}, "value": value}
            )  # fmt: skip
            self._sequences[object_id].append(_rectangle(mask, number, clip))
        for object_id, sequence in self._sequences.items():
            if object_id not in frame.ids:
                sequence[-1]["enabled"] = False  # to be seen on its frame, and not behind it
        picture = f"images/{clip.name}/{clip.picture_name(frame.index)}"
        self._frames.add({"data": {"image": LOCAL_FILES + quote(picture)}, "annotations": [{"result": results}]})
        self.place_picture(frame, self.folder / "images" / clip.name)

    def end(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        results = []
        for object_id, sequence in sorted(self._sequences.items()):
            if sequence[-1]["frame"] < clip.length:
                sequence[-1]["enabled"] = False
            value = {
                "framesCount": clip.length, "duration": clip.length / (clip.fps or DEFAULT_FPS), "sequence": sequence,
                "labels": [self.options.label_of(object_id)],
            }  # fmt: skip
            results.append(
                {"id": f"object_{object_id}", "type": "videorectangle", "from_name": "box", "to_name": "video",
                 "origin": "manual", "meta": {"text": [str(object_id)]}, "value": value}
            )  # fmt: skip
        files = () if clip.frames is None else clip.frames.source.files()
        name = files[0].name if len(files) == 1 else f"{clip.name}.mp4"
        self._videos.add({"data": {"video": LOCAL_FILES + quote(name)}, "annotations": [{"result": results}]})

    def finish(self) -> None:
        """See `FormatWriter`."""
        self._frames.save(self.folder / "brush.json")
        self._videos.save(self.folder / "video.json")
        labels = "".join(f"    <Label value={quoteattr(name)}/>\n" for name in self._labels or [self.options.label])
        for file, shown, tags in (
            ("brush.xml", '<Image name="image" value="$image"/>', ("BrushLabels", 'name="brush" toName="image"')),
            ("video.xml", '<Video name="video" value="$video"/>', ("Labels", 'name="labels" toName="video"')),
        ):
            boxes = '  <VideoRectangle name="box" toName="video"/>\n' if file == "video.xml" else ""
            text = f"<View>\n  {shown}\n{boxes}  <{tags[0]} {tags[1]}>\n{labels}  </{tags[0]}>\n</View>\n"
            (self.folder / file).write_text(text, encoding="utf-8")


def brush_rle(mask: np.ndarray) -> bytes:
    """A mask as Label Studio's brush stores it: four channels of 0 and 255 a pixel, in runs packed bit by bit.

    Args:
        mask: [H, W] bool.
    """
    count = mask.size * CHANNELS
    bits = [f"{count:032b}{8 - 1:05b}", *(f"{size - 1:04b}" for size in RUN_BITS)]
    for index, run in enumerate(run_lengths(mask.ravel())):
        left = run * CHANNELS
        while left:
            length = min(left, 1 << RUN_BITS[-1])
            kind = next(kind for kind, size in enumerate(RUN_BITS) if length <= 1 << size)
            bits.append(f"1{kind:02b}{length - 1:0{RUN_BITS[kind]}b}{255 * (index % 2):08b}")
            left -= length
    text = "".join(bits)
    size = -(-len(text) // 8)
    return int(text.ljust(size * 8, "0"), 2).to_bytes(size, "big")


def _rectangle(mask: np.ndarray, number: int, clip: ExportClip) -> dict[str, Any]:
    """The tight box of a mask in percent of the frame; frames count from 1."""
    height, width = mask.shape
    box = mask_to_box(mask)
    assert box is not None
    x, y, w, h = (box * (100 / width, 100 / height, 100 / width, 100 / height)).tolist()
    time = number / (clip.fps or DEFAULT_FPS)
    return {
        "frame": number + 1, "time": time, "enabled": True, "rotation": 0, "x": x, "y": y, "width": w, "height": h,
    }  # fmt: skip
