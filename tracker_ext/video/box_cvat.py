"""Boxes of CVAT's XML: for video 1.1 (tracks) and for images 1.1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from ltr_ext.text import counted
from tracker_ext.video.box_marks import (
    Box,
    ClipFacts,
    Track,
    around,
    checked_box,
    frames_by_name,
    given_of_frames,
    given_of_tracks,
    turned,
)
from tracker_ext.video.box_rows import GivenBoxes
from tracker_ext.video.box_text import mistake, number, shown, whole

BOXED = ("box", "polygon", "mask", "ellipse")
OTHER = ("polyline", "points", "cuboid", "skeleton", "tag")
"""Shapes without a box of their own; left out, and counted."""
TRACK_ATTRIBUTES = ("track_id", "id", "object_id", "instance_id")

Element = ElementTree.Element


def read_xml(path: Path, data: bytes) -> Element:
    """The root of an XML file.

    Raises:
        UserError: no XML, or one that declares entities.
    """
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data[:4096]:
        raise mistake(path, "is XML with a document type of its own, which is not read; export it again")
    try:
        return ElementTree.parse(BytesIO(data)).getroot()
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError) as error:
        raise mistake(path, f"begins like XML but is none ({error}); restore it") from error


def cvat_boxes(path: Path, root: Element, clip: ClipFacts) -> GivenBoxes:
    """The boxes of `<annotations>`.

    Tracks: frames count from 0; keyframes and what CVAT interpolated are taken alike, gaps between them are
    interpolated; `outside` is absent. Of polygons, masks and ellipses the upright box around. Masks are tracks of one
    frame each, which belong together by `group_id`.

    Raises:
        UserError: malformed, no boxes, frames that the clip has not, or frames of another size.
    """
    _only_the_task(path, root, clip.name)
    size = root.find(".//original_size")
    if size is not None:
        sides = whole(size.findtext("height", "")), whole(size.findtext("width", ""))
        if None not in sides:
            clip.check_size(path, "original_size", 0, sides)  # type: ignore[arg-type]
    if root.find("track") is None and root.find("image") is not None:
        return _images(path, root, clip)
    _refuse_other_order(path, clip)
    tracks: dict[str, Track] = {}
    left_out = 0
    for element in root.iter("track"):
        shapes = list(_shapes(path, element))
        left_out += sum(one.tag in OTHER for one in element)
        if not shapes:
            continue
        own = _own(path, element, shapes[0][0].tag)
        track = tracks.setdefault(own, Track(own))
        for shape, where in shapes:
            frame = whole(shape.get("frame", ""))
            if frame is None:
                raise mistake(path, f"frame {shown(shape.get('frame', ''))} is not a whole number; correct it", where)
            box = None if shape.get("outside") == "1" else _box(path, shape, where)
            if track.marks.get(frame) is None:  # the end of one mask is where the next one begins
                track.marks[frame] = box
    return given_of_tracks(path, list(tracks.values()), clip.num_frames, _notes(left_out))


def _only_the_task(path: Path, root: Element, name: str) -> None:
    """Of a project's tasks, leave the one that is called like the clip.

    Raises:
        UserError: there are several, and not one of that name.
    """
    tasks = root.findall("meta/project/tasks/task")
    if len(tasks) < 2:
        return
    names = [task.findtext("name", "").strip() for task in tasks]
    last = name.rpartition("/")[2]
    same = [task for task, own in zip(tasks, names, strict=True) if last and last in (own, own.rpartition(".")[0])]
    if len(same) != 1:
        listed = ", ".join(names[:5])
        raise mistake(path, f"holds {len(tasks)} tasks ({listed}), {len(same)} of them called {last}; export one")
    kept = same[0].findtext("id", "").strip()
    for element in [one for one in root if one.tag in ("track", "image") and one.get("task_id") != kept]:
        root.remove(element)
    for task in tasks:  # and its size is that of the clip
        if task is not same[0]:
            task.clear()


def _own(path: Path, track: Element, kind: str) -> str:
    """What a track is called: label and id; of masks label and group."""
    label, group = track.get("label", "object"), track.get("group_id", "")
    if kind == "mask":
        return f"{label} {group}" if group not in ("", "0") else label
    if track.get("id") is None:
        raise mistake(path, "has a track without id; give each its own")
    return f"{label} {track.get('id')}"


def _shapes(path: Path, parent: Element) -> Iterator[tuple[Element, str]]:
    """The shapes of a track or image that have a box, and where they are."""
    name = f"track {parent.get('id')}" if parent.tag == "track" else f"image {shown(parent.get('name', ''))}"
    for shape in parent:
        if shape.tag in BOXED:
            frame = shape.get("frame")
            yield shape, name if frame is None else f"{name} frame {frame}"


def _box(path: Path, shape: Element, where: str) -> Box:
    """The upright box of a shape, pixels."""
    if shape.tag == "box":
        box = checked_box(path, where, [shape.get(key) for key in ("xtl", "ytl", "xbr", "ybr")], "corners")
        return turned(box, _number(path, shape, "rotation", where, "0"), middle=True)
    if shape.tag == "mask":
        return checked_box(path, where, [shape.get(key) for key in ("left", "top", "width", "height")])
    if shape.tag == "ellipse":
        cx, cy, rx, ry = (_number(path, shape, key, where) for key in ("cx", "cy", "rx", "ry"))
        box = checked_box(path, where, (cx - rx, cy - ry, 2 * rx, 2 * ry))
        return turned(box, _number(path, shape, "rotation", where, "0"), middle=True)
    corners = []
    for point in shape.get("points", "").split(";"):
        values = [number(part.strip()) for part in point.split(",")]
        if len(values) != 2 or None in values:
            raise mistake(path, f"point {shown(point)} is not x,y; correct it", where)
        corners.append([value or 0.0 for value in values])
    return checked_box(path, where, around(corners))


def _number(path: Path, shape: Element, key: str, where: str, default: str = "") -> float:
    text = shape.get(key, default)
    value = number(text)
    if value is None or value != value or abs(value) == float("inf"):
        raise mistake(path, f"{key} {shown(text)} is not a number; correct it", where)
    return value


def _images(path: Path, root: Element, clip: ClipFacts) -> GivenBoxes:
    """CVAT for images: objects are told by an attribute `track_id`, by `group_id`, else by their label."""
    images = root.findall("image")
    names = [image.get("name", "") for image in images]
    if len(set(names)) < len(names):
        raise mistake(path, "two images have the same name; export one task by itself")
    order = sorted(range(len(images)), key=lambda index: whole(images[index].get("id", "")) or 0)
    frames = frames_by_name(path, [names[index] for index in order], clip)
    found: dict[str, dict[int, Box]] = defaultdict(dict)
    left_out = 0
    for index, frame in zip(order, frames, strict=True):
        image = images[index]
        sides = whole(image.get("height", "")), whole(image.get("width", ""))
        if None not in sides:
            clip.check_size(path, f"image {shown(names[index])}", frame, sides)  # type: ignore[arg-type]
        left_out += sum(one.tag in OTHER for one in image)
        for shape, where in _shapes(path, image):
            own = _own_of_shape(shape)
            if frame in found[own]:
                raise mistake(
                    path, f"has a second {own}; give objects that share a frame and a label a group_id or an attribute "
                    "track_id each, or annotate them as tracks", where,
                )  # fmt: skip
            found[own][frame] = _box(path, shape, where)
    return given_of_frames(path, found, frames, clip.num_frames, _notes(left_out))


def _own_of_shape(shape: Element) -> str:
    label = shape.get("label", "object")
    for attribute in shape.findall("attribute"):
        if attribute.get("name") in TRACK_ATTRIBUTES and (attribute.text or "").strip():
            return f"{label} {(attribute.text or '').strip()}"
    group = shape.get("group_id", "")
    return f"{label} {group}" if group not in ("", "0") else label


def _refuse_other_order(path: Path, clip: ClipFacts) -> None:
    """Refuse pictures that CVAT, which numbers frames in the order of letters, has in another order."""
    stems = list(clip.stems or ())
    if stems != sorted(stems):
        raise mistake(
            path, "numbers frames in the order of CVAT, where frame10 comes before frame2, but the pictures' numbers "
            "have no leading zeros; export CVAT for images 1.1, which names the pictures",
        )  # fmt: skip


def _notes(left_out: int) -> list[str]:
    kinds = "points, lines, cuboids, skeletons, tags"
    return [f"{counted(left_out, 'shape')} without a box left out ({kinds})"] if left_out else []
