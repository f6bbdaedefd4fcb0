"""YouTube-BoundingBoxes: a csv of one box per second, of many videos."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import PickledByFields
from tracker_ext.annotation.sources.coco import path_below
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.video.data_files import find_video, read_lines
from tracker_ext.video.frames import Pictures, VideoFrames, list_pictures
from tracker_ext.video.own_ids import number_objects

BB_COLUMNS = (
    "youtube_id", "timestamp_ms", "class_id", "class_name", "object_id", "object_presence",
    "xmin", "xmax", "ymin", "ymax",
)  # fmt: skip


@dataclass(frozen=True)
class YouTubeBbSource(PickledByFields):
    """YouTube-BoundingBoxes: one csv file, a box per second in parts of the frame, videos `<root>/<youtube_id>.mp4`.

    Instead of a video there may be a folder `<youtube_id>` of pictures named by their time in ms. A sequence is a
    video from its first box to its last.
    """

    root: Path
    box_file: Path

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, str]]]:
        rows: dict[str, list[dict[str, str]]] = defaultdict(list)
        try:
            for number, fields in enumerate(csv.reader(read_lines(self.box_file)), 1):
                if tuple(fields) == BB_COLUMNS or not fields:
                    continue
                if len(fields) != len(BB_COLUMNS):
                    message = f"line {number}: {len(fields)} fields, not {len(BB_COLUMNS)}; correct it"
                    raise UserError(f"box file {self.box_file} {message}")
                rows[fields[0]].append(dict(zip(BB_COLUMNS, fields, strict=True)))
        except csv.Error as error:
            raise UserError(f"box file {self.box_file} is no csv ({error}); restore it") from error
        if not rows:
            raise UserError(f"box file {self.box_file} has no boxes")
        return dict(rows)

    def names(self) -> list[str]:
        """YouTube ids, in the order of the file."""
        return list(self._rows)

    def box_files(self, name: str) -> tuple[Path, ...]:
        """The one file of all boxes."""
        return (self.box_file,)

    def load(self, name: str) -> BoxedSequence:
        """`object_presence` other than "present" (and "uncertain") means absent."""
        if name not in self._rows:
            raise UserError(f"box file {self.box_file}: there is no video {name}")
        try:
            stamps = sorted({int(row["timestamp_ms"]) for row in self._rows[name]})
            frames, size, position = self._frames(name, stamps)
            found: dict[tuple[str, int], tuple[float, ...]] = {}
            absent_at = []
            for row in self._rows[name]:
                key = f"{row['class_name']} {row['object_id']}"
                at = position[int(row["timestamp_ms"])]
                if row["object_presence"] == "absent" or float(row["xmin"]) < 0:
                    absent_at.append((key, at))
                    continue
                if (key, at) in found:
                    raise ValueError(f"a second box of {key} at {row['timestamp_ms']} ms; keep one")
                x0, x1, y0, y1 = (float(row[column]) for column in ("xmin", "xmax", "ymin", "ymax"))
                found[key, at] = (x0 * size[1], y0 * size[0], (x1 - x0) * size[1], (y1 - y0) * size[0])
        except (ValueError, OverflowError) as error:
            raise UserError(f"box file {self.box_file}: video {name}: {error}") from None
        boxes, absent, objects = number_objects(found, len(frames), name, absent_at)
        numbers = tuple(int(stem) for stem in frames.stems())
        return BoxedSequence(name, frames, numbers, boxes, absent, objects)

    def _frames(self, name: str, stamps: list[int]) -> tuple[Pictures | VideoFrames, tuple[int, int], dict[int, int]]:
        """Frames, their size, and time in ms -> position among them."""
        folder = path_below(self.root, name, self.box_file)
        if stamps[0] < 0:
            raise ValueError(f"{stamps[0]} ms is no time; count from the start of the video")
        if folder.is_dir():
            numbered = [path for path in list_pictures(folder) if path.stem.isascii() and path.stem.isdigit()]
            timed = {int(path.stem): path for path in numbered}
            if len(timed) < len(numbered):
                raise UserError(f"{name}: two pictures in {folder} are of one time; keep one of them")
            times = sorted(time for time in timed if stamps[0] <= time <= stamps[-1])
            missing = [stamp for stamp in stamps if stamp not in timed]
            if missing:
                raise UserError(f"{name}: no picture of {missing[0]} ms in {folder}; name pictures by their time in ms")
            pictures = Pictures(tuple(timed[time] for time in times), upright=True)
            return pictures, pictures.sizes()[0], {time: index for index, time in enumerate(times)}
        video = find_video(folder)
        if video is None:
            raise UserError(f"{name}: neither a video {name}.mp4 nor a folder {name} in {self.root}")
        source = VideoFrames(video)
        if source.fps is None:
            raise UserError(f"video {video} does not say its frame rate, which its boxes' times need; re-encode it")
        last = len(source) - 1
        index_of = {stamp: min(round(stamp / 1000 * source.fps), last) for stamp in stamps}
        first = index_of[stamps[0]]
        frames = VideoFrames(video, first, index_of[stamps[-1]] - first + 1)
        return frames, source.size, {stamp: index - first for stamp, index in index_of.items()}
