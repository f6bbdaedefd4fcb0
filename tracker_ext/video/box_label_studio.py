"""Boxes of Label Studio's json: rectangles over time in a video, and rectangles of pictures, a task each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from tracker_ext.video.box_marks import (
    Box,
    ClipFacts,
    Track,
    checked_box,
    frames_by_name,
    given_of_frames,
    given_of_tracks,
    turned,
)
from tracker_ext.video.box_rows import GivenBoxes
from tracker_ext.video.box_text import mistake, shown

Entry = dict[str, Any]
SIDES = ("x", "y", "width", "height")
"""In percent of the frame."""
FRAMES_OFF = 1
"""By so many frames its count may differ: it is worked out from a duration and a rate."""


def is_label_studio(content: Any) -> bool:
    """Whether a json is a list of tasks of Label Studio (JSON or JSON-MIN), or one task."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return False
    if "data" in first and ("annotations" in first or "predictions" in first):
        return True
    return any(_has_box(value) for values in first.values() for value in _entries(values)[:1])


def label_studio_boxes(path: Path, content: Any, clip: ClipFacts) -> GivenBoxes:
    """The boxes of one video, or of the pictures of one clip.

    Frames count from 1. Between keyframes a rectangle moves evenly; one that is not `enabled` is the last of its
    lifespan.

    Raises:
        UserError: malformed, no rectangles, none for this clip, frames that the clip has not.
    """
    tasks = [task for task in (content if isinstance(content, list) else [content]) if isinstance(task, dict)]
    videos = [task for task in tasks if any("sequence" in value for _, value in _regions(task))]
    if videos:
        return _video(path, _task_of(path, videos, clip), clip)
    return _pictures(path, tasks, clip)


def _regions(task: Entry) -> Iterator[tuple[Entry, Entry]]:
    """(region, its value) of the first annotation of a task that was not cancelled, else of its first prediction."""
    done = [one for one in _entries(task.get("annotations")) if not one.get("was_cancelled")]
    for one in (done or _entries(task.get("predictions")))[:1]:
        for region in _entries(one.get("result")):
            if isinstance(region.get("value"), dict):
                yield region, region["value"]
    if "annotations" not in task and "predictions" not in task:  # JSON-MIN
        for values in task.values():
            yield from ((value, value) for value in _entries(values) if _has_box(value))


def _has_box(value: Entry) -> bool:
    """Whether a region's value is a rectangle, or several over time."""
    return "sequence" in value or set(SIDES) <= value.keys()


def _entries(values: Any) -> list[Entry]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _task_of(path: Path, tasks: Sequence[Entry], clip: ClipFacts) -> Entry:
    """The task of this clip: the only one, or the one whose video has its name."""
    if len(tasks) == 1:
        return tasks[0]
    names = [_file_of(task) for task in tasks]
    same = [task for task, name in zip(tasks, names, strict=True) if _called(name, clip.name)]
    if len(same) != 1:
        listed = ", ".join(names[:5])
        raise mistake(path, f"holds {len(tasks)} videos ({listed}), {len(same)} of them called {clip.name}; export one")
    return same[0]


def _file_of(task: Entry) -> str:
    """File name of a task's video or picture; an upload has eight characters before its own name."""
    data = task["data"] if isinstance(task.get("data"), dict) else task
    for key in ("video", "image", "img", "video_url", "image_url", *data):
        value = data.get(key)
        if isinstance(value, str) and re.search(r"\.[A-Za-z0-9]{2,5}$", value):
            return PurePosixPath(unquote(value.replace("\\", "/").rpartition("?d=")[2])).name
    return str(task.get("id", "?"))


def _called(file: str, name: str) -> bool:
    stem = file.rpartition(".")[0] or file
    return name in (stem, stem[9:] if re.match(r"[0-9a-f]{8}-", stem) else stem)


def _own(region: Entry, value: Entry, labels: Sequence[str], number: int) -> str:
    """What an object is called: its label, and a number where several have it."""
    label = _label(value)
    return label if labels.count(label) == 1 else f"{label} {number}"


def _label(value: Entry) -> str:
    for key in ("labels", "rectanglelabels", "videorectanglelabels"):
        if isinstance(value.get(key), list) and value[key]:
            return str(value[key][0])
    return "object"


def _video(path: Path, task: Entry, clip: ClipFacts) -> GivenBoxes:
    regions = [(region, value) for region, value in _regions(task) if "sequence" in value]
    labels = [_label(value) for _, value in regions]
    tracks = []
    for number, (region, value) in enumerate(regions, 1):
        own = _own(region, value, labels, number)
        count = value.get("framesCount")
        if isinstance(count, int) and abs(count - clip.num_frames) > FRAMES_OFF:
            raise mistake(
                path, f"counts {count} frames, the clip has {clip.num_frames}; give the video that was annotated, and "
                "set frameRate in Label Studio's <Video> to that of the video", own,
            )  # fmt: skip
        tracks.append(Track(own, _marks(path, value, own, clip)))
    several = sum(not one.get("was_cancelled") for one in _entries(task.get("annotations")))
    notes = [f"the first of {several} annotations of the video"] if several > 1 else []
    return given_of_tracks(path, tracks, clip.num_frames, notes)


def _marks(path: Path, value: Entry, own: str, clip: ClipFacts) -> dict[int, Box | None]:
    """Frame from 0 -> box; None behind the end of a lifespan."""
    sizes = clip.frame_sizes(path)
    marks: dict[int, Box | None] = {}
    ends = []
    for item in _entries(value["sequence"]):
        frame = item.get("frame")
        if not isinstance(frame, int) or isinstance(frame, bool) or frame < 1:
            raise mistake(path, f"frame {frame!r:.40} is no number from 1 on; correct it", own)
        if frame > clip.num_frames:
            if frame - clip.num_frames > FRAMES_OFF:
                raise mistake(path, f"frame {frame} of {clip.num_frames}; give the video that was annotated", own)
            continue
        marks[frame - 1] = _box(path, item, f"{own} frame {frame}", sizes[frame - 1])
        if item.get("enabled") is False:
            ends.append(frame)
    for frame in ends:
        marks.setdefault(frame, None)
    return marks


def _box(path: Path, item: Entry, where: str, size: tuple[int, int]) -> Box:
    """A rectangle in percent as pixels; it is turned around its top left corner."""
    x, y, w, h = checked_box(path, where, [item.get(side) for side in SIDES])
    height, width = size
    angle = item.get("rotation") or 0
    if isinstance(angle, bool) or not isinstance(angle, int | float) or not abs(angle) < 1e6:
        raise mistake(path, f"rotation {angle!r:.40} is not a number; correct it", where)
    return turned((x * width / 100, y * height / 100, w * width / 100, h * height / 100), angle, middle=False)


def _pictures(path: Path, tasks: Sequence[Entry], clip: ClipFacts) -> GivenBoxes:
    """Rectangles of pictures; objects are told by their labels."""
    rectangles = [[value for _, value in _regions(task) if set(SIDES) <= value.keys()] for task in tasks]
    if not any(rectangles):
        raise mistake(path, "is Label Studio's json without rectangles; annotate boxes, as <VideoRectangle> does")
    files = [_file_of(task) for task in tasks]
    names = [file[9:] if re.match(r"[0-9a-f]{8}-", file) else file for file in files]
    if len(set(names)) < len(names):
        raise mistake(path, "two tasks are of pictures with the same name; export one clip by itself")
    frames = frames_by_name(path, names, clip)
    sizes = clip.frame_sizes(path)
    found: dict[str, dict[int, Box]] = defaultdict(dict)
    for name, frame, values in zip(names, frames, rectangles, strict=True):
        for value in values:
            own = _label(value)
            if frame in found[own]:
                raise mistake(
                    path, f"has a second {own}; give each object a label of its own, or annotate the video with "
                    "<VideoRectangle>", f"task {shown(name)}",
                )  # fmt: skip
            found[own][frame] = _box(path, value, f"task {shown(name)}", sizes[frame])
    return given_of_frames(path, found, frames, clip.num_frames)
