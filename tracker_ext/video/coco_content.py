"""The content of a json file of boxes: its videos, their frames in order, their boxes; every part of it is checked."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ltr_ext.errors import UserError
from tracker_ext.video.frames import natural_key

FRAME_KEYS = ("frame_id", "frame_index")
"""Keys that give the order of a video's images; without one, the images are in natural order of their names."""
TRACK_KEYS = ("instance_id", "track_id")
"""Keys that say which object a box is of; CVAT writes the second one into `attributes`."""

Entry = dict[str, Any]


class CocoContent:
    """The content of a json file of boxes; a part is checked when it is asked for."""

    def __init__(self, path: Path, default_name: str) -> None:
        """Read the file.

        Args:
            path: of the json.
            default_name: of a sequence whose images lie in no folder.

        Raises:
            UserError: unreadable, no json of these kinds, or annotations of nothing that is in it.
        """
        self._path = path
        content = read_json(path)
        if not isinstance(content, dict) or not isinstance(content.get("videos", content.get("images")), list):
            raise UserError(
                f"box file {path} is no COCO or YouTube-VIS json: it has no list 'videos' or 'images'; name another "
                "file"
            )
        images, annotations = self._entries(content, "images"), self._entries(content, "annotations")
        self._images = {self._key(image, "id", "image"): image for image in images}
        if len(self._images) < len(images):
            raise self.error(f"{len(images) - len(self._images)} images have the id of another one; number them apart")
        with_videos = "videos" in content
        if not with_videos:
            for image in images:
                image["video_id"] = PurePosixPath(self._text(image, "file_name", "image")).parent.as_posix()
        videos = self._entries(content, "videos") if with_videos else grouped(images, default_name)
        self.videos = self._named(videos)
        """Name -> entry."""
        self._images_of = self._by_video(images, "image", lambda image: self._key(image, "video_id", "image"))
        self._annotations_of = self._by_video(annotations, "annotation", self._video_of)
        if not self.videos:
            raise self.error("has no videos" if with_videos else "has no images")

    def error(self, message: str) -> UserError:
        """An error that names the file."""
        return UserError(f"box file {self._path}: {message}")

    def frames_and_boxes(
        self, name: str
    ) -> tuple[list[str], dict[tuple[Any, int], tuple[float, ...] | None], list[tuple[int, int] | None]]:
        """What a video holds.

        Returns:
            File names of its frames in order; (object's own id, frame) -> box, None where none is given; and
            (height, width) of the frames as the file says, None where it does not.

        Raises:
            UserError: an entry that is not what it should be.
        """
        video = self.videos[name]
        annotations = self._annotations_of[video["id"]]
        if "file_names" in video:
            files = video["file_names"]
            if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
                raise self.error(f"video {name}: file_names is no list of names; correct it")
            return files, self._by_object(annotations, len(files), name), [size_of(video)] * len(files)
        images = self._in_order(self._images_of[video["id"]], name)
        files = [self._text(image, "file_name", "image") for image in images]
        position = {image["id"]: index for index, image in enumerate(images)}
        return files, self._by_image(annotations, position, name), [size_of(image) for image in images]

    def _by_object(self, annotations: Iterable[Entry], count: int, name: str) -> dict[tuple[Any, int], Any]:
        """YouTube-VIS: one annotation per object."""
        found: dict[tuple[Any, int], Any] = {}
        for item in annotations:
            own, boxes = self._key(item, "id", "annotation"), item.get("bboxes")
            where = f"video {name}: annotation {own}"
            if not isinstance(boxes, list) or len(boxes) != count:
                given = f"{len(boxes)} bboxes" if isinstance(boxes, list) else "no list bboxes"
                raise self.error(f"{where} has {given} for {count} frames; give one per frame, null without a box")
            if (own, 0) in found:
                raise self.error(f"{where}: another one has this id; number them apart")
            for index, box in enumerate(boxes):
                found[own, index] = None if box is None else self._box(box, f"{where} frame {index}")
        return found

    def _by_image(
        self, annotations: Iterable[Entry], position: dict[Any, int], name: str
    ) -> dict[tuple[Any, int], Any]:
        """COCO: an annotation per box; without track ids there may be one box per frame."""
        found: dict[tuple[Any, int], Any] = {}
        tracks = [(item, track_of(item)) for item in annotations]
        any_track = any(track is not None for _, track in tracks)
        for item, track in tracks:
            where = f"video {name}: annotation {item.get('id')}"
            at = self._key(item, "image_id", "annotation")
            if at not in position:
                raise self.error(f"{where} is of image {at}, which is in another video; correct it")
            if track is not None and not isinstance(track, str | int | float):
                raise self.error(f"{where}: track {track!r} is no number or text; correct it")
            key = (1 if track is None else track, position[at])
            if key in found or (track is None and any_track):
                what = "no track_id or instance_id" if track is None else f"track {track} a second time"
                raise self.error(f"{where} has {what} in image {at}; give each object of a frame its own track_id")
            found[key] = self._box(item.get("bbox"), f"{where} image {at}")
        return found

    def _in_order(self, images: Sequence[Entry], name: str) -> list[Entry]:
        """By frame number if the images have one each, else by name in natural order."""
        by_name = sorted(images, key=lambda image: natural_key(Path(self._text(image, "file_name", "image"))))
        key = next((key for key in FRAME_KEYS if any(key in image for image in images)), None)
        if key is None:
            return by_name
        numbers = [image.get(key) for image in by_name]
        for image, number in zip(by_name, numbers, strict=True):
            if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
                raise self.error(f"video {name}: image {image['id']} has {key} {number!r}; give it a number")
        if len(set(numbers)) == 1:
            return by_name
        if len(set(numbers)) < len(numbers):
            twice = next(number for number in numbers if numbers.count(number) > 1)
            raise self.error(f"video {name}: two images have {key} {twice}; number them apart, or leave {key} out")
        return sorted(by_name, key=lambda image: image[key])

    def _box(self, box: Any, where: str) -> tuple[float, ...]:
        """Four numbers; one that is too large for a float is infinite."""
        if (
            not isinstance(box, list)
            or len(box) != 4
            or any(isinstance(value, bool) or not isinstance(value, int | float) for value in box)
        ):
            shown = json.dumps(box)
            shown = shown if len(shown) <= 60 else f"{shown[:60]}..."
            raise self.error(f"{where}: box {shown} is not four numbers; give [x, y, w, h] in pixels")
        return tuple(as_float(value) for value in box)

    def _video_of(self, annotation: Entry) -> Any:
        """Id of the video that an annotation belongs to: that of its image if it names one, else its own."""
        if "image_id" in annotation:
            image_id = self._key(annotation, "image_id", "annotation")
            if image_id not in self._images:
                raise self.error(
                    f"annotation {annotation.get('id')} is of image {image_id}, which is not listed; correct the file"
                )
            return self._images[image_id].get("video_id")
        return self._key(annotation, "video_id", "annotation")

    def _by_video(
        self, entries: Iterable[Entry], kind: str, video_of: Callable[[Entry], Any]
    ) -> dict[Any, list[Entry]]:
        """Video id -> its entries; an entry of a video that is not listed is refused."""
        known = {video["id"] for video in self.videos.values()}
        found: dict[Any, list[Entry]] = defaultdict(list)
        for entry in entries:
            video_id = video_of(entry)
            if video_id not in known:
                raise self.error(
                    f"{kind} {entry.get('id')} is of video {video_id}, which is not listed; correct the file"
                )
            found[video_id].append(entry)
        return found

    def _named(self, videos: list[Entry]) -> dict[str, Entry]:
        """Videos by name; without one, by the only folder that their files lie in, else by their id."""
        names = []
        for video in videos:
            own, files = self._key(video, "id", "video"), video.get("file_names")
            files = [file for file in files if isinstance(file, str)] if isinstance(files, list) else []
            folders = {PurePosixPath(file).parent.as_posix() for file in files} - {"."}
            names.append(str(video.get("name") or (folders.pop() if len(folders) == 1 else own)))
        if len(set(names)) < len(names):
            names = [str(video["id"]) for video in videos]
        if len({video["id"] for video in videos}) < len(videos):
            raise self.error("two videos have the same id; number them apart")
        return dict(zip(names, videos, strict=True))

    def _entries(self, content: Entry, key: str) -> list[Entry]:
        entries = content.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.error(f"'{key}' is no list of objects; correct it")
        return entries

    def _key(self, entry: Entry, key: str, kind: str) -> Any:
        """An id: a number or text."""
        value = entry.get(key)
        if not isinstance(value, str | int | float) or value != value:
            named = "" if key == "id" else f" {entry.get('id')}"
            raise self.error(f"an {kind}{named} has {key} {value!r}; give it one" if key in entry else
                               f"{kind}{named or 's'} without {key}; give it one")  # fmt: skip
        return value

    def _text(self, entry: Entry, key: str, kind: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value:
            raise self.error(f"{kind} {entry.get('id')} has {key} {value!r}; give it a name")
        return value


def read_json(path: Path) -> Any:
    """The content of a json file in UTF-8, 16 or 32, with or without byte order mark.

    Raises:
        UserError: unreadable, no json, or nested beyond reason.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"box file {path} cannot be read ({error.strerror}); check the path") from error
    except RecursionError as error:
        raise UserError(f"box file {path} is nested too deeply for a list of boxes; name another file") from error
    except ValueError as error:
        raise UserError(f"box file {path} is no json ({error}); restore it") from error


def as_float(value: float) -> float:
    """A number as float; infinite if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def size_of(entry: Entry) -> tuple[int, int] | None:
    """(height, width) that an image or video is said to have."""
    size = entry.get("height"), entry.get("width")
    return size if all(isinstance(side, int) and side > 0 for side in size) else None  # type: ignore[return-value]


def track_of(annotation: Entry) -> Any:
    """The track id of an annotation; None without one."""
    attributes = annotation.get("attributes")
    for place in (annotation, attributes if isinstance(attributes, dict) else {}):
        for key in TRACK_KEYS:
            if place.get(key) is not None:
                return place[key]
    return None


def grouped(images: Iterable[Entry], default_name: str) -> list[Entry]:
    """A video for each folder of images."""
    folders = dict.fromkeys(image["video_id"] for image in images)
    return [{"id": folder, "name": default_name if folder == "." else folder} for folder in folders]
