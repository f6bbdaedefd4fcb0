"""Box tables that hold many sequences or objects: COCO-VID and YouTube-VIS json, MOT txt, YouTube-BoundingBoxes csv."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import BoxedSequence, PickledByFields, Pictures, VideoFrames, number_of
from tracker_ext.annotation.sources.files import read_lines, refuse_gap
from tracker_ext.evaluation.box_files import read_given_boxes
from tracker_ext.evaluation.frames import VideoSource, list_pictures

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg")


@dataclass(frozen=True)
class CocoVideoSource(PickledByFields):
    """Boxes in one json file, frames below a folder.

    COCO-VID: `videos`, `images` (with `video_id`, `frame_id`), `annotations` per image (`bbox`, `instance_id` or
    `track_id`). YouTube-VIS: `videos` with `file_names`, `annotations` per object with `bboxes`.
    """

    root: Path
    box_file: Path

    @cached_property
    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.box_file.read_text(encoding="utf-8"))
            return named_videos(content["videos"]) | {"": content}
        except OSError as error:
            raise UserError(f"box file {self.box_file} cannot be read ({error.strerror}); check the path") from error
        except ValueError as error:
            raise UserError(f"box file {self.box_file} is no json ({error}); restore it") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"box file {self.box_file} is no COCO-VID or YouTube-VIS json: it has no list 'videos' whose entries "
                "have an 'id'; name another file"
            ) from error

    @cached_property
    def _by_video(self) -> tuple[dict[Any, list[dict[str, Any]]], dict[Any, list[dict[str, Any]]]]:
        """video id -> images; video id -> annotations."""
        images, annotations = defaultdict(list), defaultdict(list)
        video_of = {}
        for image in self._content[""].get("images", []):
            images[image["video_id"]].append(image)
            video_of[image["id"]] = image["video_id"]
        for annotation in self._content[""].get("annotations", []):
            annotations[annotation.get("video_id", video_of.get(annotation.get("image_id")))].append(annotation)
        return images, annotations

    def names(self) -> list[str]:
        """Names of the videos."""
        names = [name for name in self._content if name]
        if not names:
            raise UserError(f"box file {self.box_file} has no videos")
        return names

    def load(self, name: str) -> BoxedSequence:
        """Objects get ids 1, 2, ... in the order of their own ids."""
        if name not in self._content or not name:
            raise UserError(f"box file {self.box_file}: there is no video {name}")
        video = self._content[name]
        try:
            images, annotations = (table[video["id"]] for table in self._by_video)
            if "file_names" in video:
                files = list(video["file_names"])
                found = {(item["id"], index): box for item in annotations for index, box in enumerate(item["bboxes"])}
            else:
                images = sorted(images, key=lambda image: (image.get("frame_id", 0), image["file_name"]))
                files = [image["file_name"] for image in images]
                position = {image["id"]: index for index, image in enumerate(images)}
                found = self._by_track(annotations, position, name)
            boxes, objects = number_objects(found, len(files), name)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"box file {self.box_file}: video {name} is incomplete ({reason}); restore it") from error
        if not files:
            raise UserError(f"box file {self.box_file}: video {name} has no frames")
        paths = tuple(self.root / file for file in files)
        if not paths[0].exists():
            raise UserError(
                f"{name}: frame {paths[0]} does not exist; the folder given must be the one that the file names in "
                f"{self.box_file.name} start from"
            )
        return BoxedSequence(name, Pictures(paths), frame_numbers(paths), boxes, objects=objects)

    def _by_track(
        self, annotations: list[dict[str, Any]], position: dict[Any, int], name: str
    ) -> dict[tuple[Any, int], Any]:
        """(track id, frame) -> box; without track ids there may be one box per frame."""
        found: dict[tuple[Any, int], Any] = {}
        for item in annotations:
            track = item.get("instance_id", item.get("track_id"))
            key = (1 if track is None else track, position[item["image_id"]])
            if key in found:
                what = "no track_id or instance_id" if track is None else f"track {track} a second time"
                raise UserError(
                    f"box file {self.box_file}: video {name}: annotation {item.get('id')} has {what} in image "
                    f"{item['image_id']}; give each object of a frame its own track_id"
                )
            found[key] = item["bbox"]
        return found


def named_videos(videos: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Videos by name; without one by the folder that is all theirs, else by their id."""
    names = []
    for video in videos:
        folders = {Path(file).parent.as_posix() for file in video.get("file_names", ())} - {"."}
        names.append(str(video.get("name") or (folders.pop() if len(folders) == 1 else video["id"])))
    if len(set(names)) < len(names):
        names = [str(video["id"]) for video in videos]
    return dict(zip(names, videos, strict=True))


def load_mot(folder: Path, box_file: Path, name: str) -> BoxedSequence:
    """A MOTChallenge sequence: lines `frame,id,x,y,w,h,confidence,class,visibility`, frames and pixels from 1.

    See `mot_rows` for which lines are used.

    Args:
        folder: of the pictures, in natural order.
        box_file: gt.txt or a tracker's result.
        name: of the sequence.
    """
    paths = tuple(list_pictures(folder)) if folder.is_dir() else ()
    if not paths:
        raise UserError(f"{name}: folder {folder} has no frames; restore it")
    refuse_gap(paths, name)
    given = read_given_boxes(box_file, len(paths), [path.stem for path in paths])
    objects = given.objects or {object_id: str(object_id) for object_id in given.boxes}
    return BoxedSequence(name, Pictures(paths), frame_numbers(paths), given.boxes, given.absent, objects)


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
        for number, fields in enumerate(csv.reader(read_lines(self.box_file)), 1):
            if tuple(fields) == BB_COLUMNS or not fields:
                continue
            if len(fields) != len(BB_COLUMNS):
                raise UserError(f"box file {self.box_file} line {number}: {len(fields)} fields, not {len(BB_COLUMNS)}")
            rows[fields[0]].append(dict(zip(BB_COLUMNS, fields, strict=True)))
        if not rows:
            raise UserError(f"box file {self.box_file} has no boxes")
        return dict(rows)

    def names(self) -> list[str]:
        """YouTube ids, in the order of the file."""
        return list(self._rows)

    def load(self, name: str) -> BoxedSequence:
        """`object_presence` other than "present" (and "uncertain") means absent."""
        if name not in self._rows:
            raise UserError(f"box file {self.box_file}: there is no video {name}")
        try:
            stamps = sorted({int(row["timestamp_ms"]) for row in self._rows[name]})
            frames, size, position = self._frames(name, stamps)
            found, gone = {}, []
            for row in self._rows[name]:
                key = f"{row['class_name']} {row['object_id']}"
                at = position[int(row["timestamp_ms"])]
                if row["object_presence"] == "absent" or float(row["xmin"]) < 0:
                    gone.append((key, at))
                    continue
                x0, x1, y0, y1 = (float(row[column]) for column in ("xmin", "xmax", "ymin", "ymax"))
                found[key, at] = (x0 * size[1], y0 * size[0], (x1 - x0) * size[1], (y1 - y0) * size[0])
        except ValueError as error:
            raise UserError(f"box file {self.box_file}: video {name}: {error}") from None
        boxes, objects = number_objects(found, len(frames), name)
        absent = {object_id: np.zeros(len(frames), bool) for object_id in boxes}
        renumbered = {own: object_id for object_id, own in objects.items()}
        for key, at in gone:
            if key in renumbered:
                absent[renumbered[key]][at] = True
        numbers = tuple(int(stem) for stem in frames.stems())
        return BoxedSequence(name, frames, numbers, boxes, absent, objects)

    def _frames(self, name: str, stamps: list[int]) -> tuple[Pictures | VideoFrames, tuple[int, int], dict[int, int]]:
        """Frames, their size, and time in ms -> position among them."""
        folder = self.root / name
        if folder.is_dir():
            timed = {int(path.stem): path for path in list_pictures(folder) if path.stem.isdigit()}
            times = sorted(time for time in timed if stamps[0] <= time <= stamps[-1])
            missing = [stamp for stamp in stamps if stamp not in timed]
            if missing:
                raise UserError(f"{name}: no picture of {missing[0]} ms in {folder}; name pictures by their time in ms")
            pictures = Pictures(tuple(timed[time] for time in times))
            return pictures, pictures.sizes()[0], {time: index for index, time in enumerate(times)}
        video = next((path for s in VIDEO_SUFFIXES if (path := self.root / f"{name}{s}").is_file()), None)
        if video is None:
            raise UserError(f"{name}: neither a video {name}.mp4 nor a folder {name} in {self.root}")
        source = VideoSource(video)
        if source.fps is None:
            raise UserError(f"video {video} does not say its frame rate, which its boxes' times need; re-encode it")
        last = len(source) - 1
        index_of = {stamp: min(round(stamp / 1000 * source.fps), last) for stamp in stamps}
        first = index_of[stamps[0]]
        frames = VideoFrames(video, first, index_of[stamps[-1]] - first + 1)
        return frames, source.size, {stamp: index - first for stamp, index in index_of.items()}


def number_objects(
    found: Mapping[tuple[Any, int], Any], num_frames: int, name: str
) -> tuple[dict[int, np.ndarray], dict[int, str]]:
    """Arrange single boxes in tracks.

    Args:
        found: (object's own id, frame) -> (x, y, w, h), or None.
        num_frames: F.
        name: for messages.

    Returns:
        Object id from 1 -> [F, 4], and object id -> own id.
    """
    own_ids = sorted({own for own, _ in found}, key=lambda own: (isinstance(own, str), own))
    number = {own: index for index, own in enumerate(own_ids, 1)}
    boxes = {index: np.full((num_frames, 4), math.nan) for index in number.values()}
    for (own, frame), box in found.items():
        if box is not None:
            boxes[number[own]][frame] = box
    if not boxes:
        raise UserError(f"{name}: there is not one box")
    return boxes, {index: str(own) for own, index in number.items()}


def frame_numbers(paths: tuple[Path, ...]) -> tuple[int, ...]:
    """See `number_of`."""
    return tuple(number_of(path.stem, index) for index, path in enumerate(paths))
