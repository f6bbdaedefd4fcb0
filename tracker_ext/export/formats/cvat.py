"""CVAT for video 1.1: an XML file for each clip."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import IO, ClassVar
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.polygons import joined, outlines, simplified
from tracker_ext.video.overlay import object_colour
from tracker_ext.video.regions import mask_runs

TRACK_END = "  </track>\n"


class CvatWriter(FormatWriter):
    """`<clip>.xml`; `group_id` is the object's id.

    CVAT has no tracks of masks: of a track it takes the first mask, and it writes each mask as a track of its own that
    ends on the next frame. So does this. With `--polygons` an object is one track of polygons, a keyframe on each frame
    that has a mask; several parts are joined by bridges of no width, and holes are filled.
    """

    name: ClassVar[str] = "cvat"
    summary: ClassVar[str] = "CVAT for video 1.1: masks, or --polygons: tracks of polygons"

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._tracks = _Texts(folder)
        self._count = 0
        self._shown: dict[int, str] = {}
        """Object id -> its last polygon, while it is to be seen."""

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        self._tracks = _Texts(self.folder)
        self._count = 0
        self._shown = {}

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        number = frame.clip.numbers[frame.index]
        if self.options.polygons:
            self._add_polygons(frame, number)
            return
        for object_id, mask in frame.masks():
            text = _mask_of(mask)
            shapes = _shape("mask", number, text)
            if number + 1 < frame.clip.length:
                shapes += _shape("mask", number + 1, text, outside=True)
            self._tracks.add(0, f"{self._track(object_id)}{shapes}{TRACK_END}")

    def _add_polygons(self, frame: ExportFrame, number: int) -> None:
        seen = {}
        for object_id, mask in frame.masks():
            rings, holes = outlines(mask)
            self.holes += holes > 0
            ring = joined([simplified(ring, self.options.simplify) for ring in rings])
            seen[object_id] = f'points="{";".join(f"{x:.2f},{y:.2f}" for x, y in ring)}"'
            self._tracks.add(object_id, _shape("polygon", number, seen[object_id]))
        for object_id, text in self._shown.items():
            if object_id not in seen:
                self._tracks.add(object_id, _shape("polygon", number, text, outside=True))
        self._shown = seen

    def end(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        after = clip.numbers[-1] + 1
        for object_id, text in self._shown.items() if after < clip.length else ():
            self._tracks.add(object_id, _shape("polygon", after, text, outside=True))
        with (self.folder / f"{clip.name}.xml").open("w", encoding="utf-8") as file:
            file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
            file.write(self._meta(clip))
            for key in self._tracks.known():
                file.write(self._track(key) if self.options.polygons else "")
                self._tracks.copy(key, file)
                file.write(TRACK_END if self.options.polygons else "")
            file.write("</annotations>\n")
        self._tracks.close()

    def _track(self, object_id: int) -> str:
        """The start of the next track."""
        label = quoteattr(_plain(self.options.label_of(object_id)))
        self._count += 1
        return f'  <track id="{self._count - 1}" label={label} source="file" group_id="{object_id}">\n'

    def _meta(self, clip: ExportClip) -> str:
        height, width = clip.sizes[0]
        labels = dict.fromkeys(self.options.label_of(object_id) for object_id in clip.ids)
        entries = "".join(
            f"        <label><name>{escape(_plain(name))}</name><color>#{red:02x}{green:02x}{blue:02x}</color>"
            "<type>any</type><attributes></attributes></label>\n"
            for number, name in enumerate(labels or [self.options.label], 1)
            for red, green, blue in [object_colour(number)]
        )
        return (
            f"  <meta>\n    <task>\n      <name>{escape(_plain(clip.name))}</name>\n      <size>{clip.length}</size>\n"
            "      <mode>interpolation</mode>\n      <overlap>0</overlap>\n      <start_frame>0</start_frame>\n"
            f"      <stop_frame>{clip.length - 1}</stop_frame>\n      <frame_filter></frame_filter>\n"
            f"      <labels>\n{entries}      </labels>\n      <original_size><width>{width}</width>"
            f"<height>{height}</height></original_size>\n    </task>\n  </meta>\n"
        )


def _mask_of(mask: np.ndarray) -> str:
    """CVAT's run lengths: rows of the mask's box, zeros first."""
    x, y, width, height, runs = mask_runs(mask)
    return f'rle="{", ".join(map(str, runs))}" left="{x}" top="{y}" width="{width}" height="{height}"'


def _shape(kind: str, number: int, text: str, outside: bool = False) -> str:
    start = f'    <{kind} frame="{number}" keyframe="1" outside="{int(outside)}" occluded="0"'
    return f'{start} {text} z_order="0"></{kind}>\n'


def _plain(text: str) -> str:
    """Text without what XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


class _Texts:
    """Texts by a number, kept on the disk."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile("w+b", dir=folder)  # noqa: SIM115
        self._places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._end = 0

    def known(self) -> list[int]:
        return sorted(self._places)

    def add(self, key: int, text: str) -> None:
        data = text.encode()
        self._file.write(data)
        self._places[key].append((self._end, len(data)))
        self._end += len(data)

    def copy(self, key: int, target: IO[str]) -> None:
        for start, length in self._places[key]:
            self._file.seek(start)
            target.write(self._file.read(length).decode())

    def close(self) -> None:
        self._file.close()
