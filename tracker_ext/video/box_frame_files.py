"""Folders with a file of boxes for each frame: LabelMe and X-AnyLabeling json, YOLO text, VOC and ImageNet-VID XML."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ltr_ext.text import counted
from tracker_ext.video.box_cvat import Element, read_xml
from tracker_ext.video.box_marks import Box, ClipFacts, around, checked_box, frames_by_name, given_of_frames
from tracker_ext.video.box_rows import GivenBoxes
from tracker_ext.video.box_text import mistake, number, read_bytes, shown, whole

LISTS = frozenset({
    "classes.txt", "labels.txt", "labelmap.txt", "obj.names", "predefined_classes.txt", "train.txt", "valid.txt",
    "val.txt", "test.txt", "readme.txt", "readme.roboflow.txt", "readme.dataset.txt", "notes.json", "seqinfo.ini",
})  # fmt: skip
"""Files beside those of the frames, in lower case."""
CLASS_LISTS = ("classes.txt", "obj.names", "labels.txt")


class Found(NamedTuple):
    """What the file of one frame holds."""

    boxes: list[tuple[str, Box]]
    """What an object is called, and its box."""
    size: tuple[int, int] | None = None
    """(height, width) of the frame, if the file says it."""
    left_out: int = 0
    """Shapes without a box."""


Reader = Callable[[Path, tuple[int, int] | None], Found]
"""Gets the file and, where it wants it, (height, width) of the frame."""


def frame_file_boxes(folder: Path, files: Sequence[Path], clip: ClipFacts) -> GivenBoxes:
    """The boxes of files of one kind, by their suffix.

    An object is absent from a frame whose file is there without it; of a frame without a file nothing is said.

    Args:
        folder: for messages.
        files: in natural order; at least one.
        clip: what is known of it.

    Raises:
        UserError: a malformed file, frames that cannot be told, two boxes of one object in a frame.
    """
    suffix = files[0].suffix.lower()
    frames = frames_by_name(folder, [file.name for file in files], clip)
    sizes = clip.frame_sizes(folder) if suffix == ".txt" else None
    reader: Reader = LabelMe(files) if suffix == ".json" else _voc if suffix == ".xml" else Yolo(folder, files)
    found: dict[str, dict[int, Box]] = defaultdict(dict)
    left_out = 0
    for file, frame in zip(files, frames, strict=True):
        read = reader(file, sizes[frame] if sizes is not None else None)
        clip.check_size(file, "its size", frame, read.size)
        left_out += read.left_out
        for own, box in read.boxes:
            if frame in found[own]:
                raise mistake(
                    file, f"has a second {own}, and nothing tells which is which from frame to frame; give objects ids "
                    f"of their own ({IDS[suffix]}), or write a table with the header frame,object,x,y,w,h",
                )  # fmt: skip
            found[own][frame] = box
    notes = [f"{counted(left_out, 'shape')} without a box left out (points, lines)"] if left_out else []
    return given_of_frames(folder, found, frames, clip.num_frames, notes)


IDS = {".json": "group_id", ".xml": "trackid", ".txt": "a track id behind the box"}


def is_labelme(path: Path) -> bool:
    """Whether a file is json of LabelMe or X-AnyLabeling."""
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("shapes"), list)


def is_voc(path: Path) -> bool:
    """Whether a file is XML of one frame."""
    return b"<annotation>" in read_bytes(path)[:4096]


def is_yolo(path: Path) -> bool:
    """Whether a text file has YOLO's lines, or nothing in it."""
    rows = _rows(path)
    values = [number(field) for field in rows[0]] if rows else []
    parts = [value for value in values[1:5] if value is not None]
    return not rows or (len(values) >= 5 and len(parts) == 4 and whole(rows[0][0]) is not None and max(parts) <= 2)


class LabelMe:
    """Shapes of LabelMe and X-AnyLabeling; objects are told by `group_id`, else by their label."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._by_label = any(_mixed(_shapes(file, _content(file))) for file in files)

    def __call__(self, path: Path, size: tuple[int, int] | None) -> Found:
        content = _content(path)
        parts: dict[tuple[str, bool], list[Box]] = defaultdict(list)
        left_out = 0
        for index, shape in enumerate(_shapes(path, content)):
            box = _shape_box(path, shape, f"shape {index}")
            if box is None:
                left_out += 1
                continue
            label, group = str(shape.get("label", "object")), shape.get("group_id")
            grouped = isinstance(group, int) and not isinstance(group, bool)
            own = (f"{label} {group}" if self._by_label else str(group)) if grouped else label
            parts[own, grouped].append(box)
        boxes = []
        for (own, grouped), some in parts.items():
            # Shapes of one group are parts of one object; of one label they are several.
            corners = [corner for x, y, w, h in some for corner in ((x, y), (x + w, y + h))]
            boxes += [(own, around(corners))] if grouped else [(own, box) for box in some]
        sides = content.get("imageHeight"), content.get("imageWidth")
        said = sides if all(isinstance(side, int) and side > 0 for side in sides) else None
        return Found(boxes, said, left_out)  # type: ignore[arg-type]


def _content(path: Path) -> dict[str, Any]:
    """The json of LabelMe."""
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise mistake(path, f"is no json ({str(error) or 'nested too deeply'}); restore it") from error
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise mistake(path, "is no json of LabelMe: it has no list shapes; move it away")
    return content


def _shapes(path: Path, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    shapes = content["shapes"]
    if not all(isinstance(shape, dict) for shape in shapes):
        raise mistake(path, "has a shape that is no object; correct it")
    return list(shapes)


def _mixed(shapes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one group has shapes of two labels."""
    labels: dict[Any, set[str]] = defaultdict(set)
    for shape in shapes:
        if isinstance(shape.get("group_id"), int):
            labels[shape["group_id"]].add(str(shape.get("label")))
    return any(len(some) > 1 for some in labels.values())


def _shape_box(path: Path, shape: Mapping[str, Any], where: str) -> Box | None:
    """The upright box around a shape; None if it has none."""
    kind, points = shape.get("shape_type", "polygon"), shape.get("points")
    if kind in ("point", "points", "line", "linestrip"):
        return None
    if not isinstance(points, list) or len(points) < (2 if kind in ("rectangle", "circle", "mask") else 3):
        raise mistake(path, f"{kind} has too few points; correct it", where)
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or any(
            isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9 for value in point
        ):  # fmt: skip
            raise mistake(path, f"point {point!r:.40} is not [x, y]; correct it", where)
    if kind == "circle":  # its middle, and a point on it
        (x, y), (edge_x, edge_y) = points[:2]
        radius = math.hypot(edge_x - x, edge_y - y)
        points = [[x - radius, y - radius], [x + radius, y + radius]]
    left, top, width, height = around(points)
    if kind == "mask":  # from its first to its last pixel
        width, height = width + 1, height + 1
    return checked_box(path, where, (left, top, width, height))


class Yolo:
    """Lines `class cx cy w h`, in parts of the frame; then confidence, track id, or both. Or polygons `class x y x y x
    y ...`, of which the upright box around is taken. Objects are told by their track ids, else by their class."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        rows = [row for file in files for row in _rows(file)]
        self._widths = {len(row) for row in rows}
        six, seven = ([row[-1] for row in rows if len(row) == width] for width in (6, 7))
        # A confidence has decimals; of a triangle, the last number is at most 1.
        self._six_is_id = bool(six) and all(whole(text) is not None and "." not in text for text in six)
        self._seven_is_id = bool(seven) and all(whole(text) is not None and "." not in text for text in seven)
        self._ids = (bool(six) and self._six_is_id) or (bool(seven) and self._seven_is_id)
        self._classes = _class_names([files[0].parent, folder])

    def __call__(self, path: Path, size: tuple[int, int] | None) -> Found:
        assert size is not None
        height, width = size
        boxes = []
        for line, fields in enumerate(_rows(path), 1):
            values = [number(field) for field in fields]
            if None in values or len(fields) < 5 or whole(fields[0]) is None or any(v != v for v in values):
                raise mistake(path, f"{shown(' '.join(fields))} is not YOLO's class cx cy w h", line)
            parts = [value or 0.0 for value in values]
            polygon = len(fields) > 7 or (len(fields) == 7 and not self._seven_is_id)
            if polygon and len(fields) % 2 == 0:
                raise mistake(path, f"{shown(' '.join(fields))} is no polygon of YOLO, class x y x y ...", line)
            inside = parts[1:] if polygon else parts[1:5]
            if max(map(abs, inside)) > 2:
                raise mistake(
                    path, f"{shown(' '.join(fields))} is not in parts of the frame, as YOLO's boxes are; write x,y,w,h "
                    "in pixels into one file", line,
                )  # fmt: skip
            scaled = [value * (height if index % 2 else width) for index, value in enumerate(inside)]
            if polygon:
                box = around(zip(scaled[0::2], scaled[1::2], strict=True))
            else:
                box = checked_box(path, f"line {line}", scaled, "centre")
            boxes.append((self._own(fields), box))
        return Found(boxes)

    def _own(self, fields: Sequence[str]) -> str:
        name = whole(fields[0]) or 0
        label = self._classes[name] if 0 <= name < len(self._classes) else str(name)
        has_id = (len(fields) == 6 and self._six_is_id) or (len(fields) == 7 and self._seven_is_id)
        return str(whole(fields[-1])) if has_id else f"class {label}" if self._ids else label


def _rows(path: Path) -> list[list[str]]:
    try:
        lines = read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise mistake(path, "is no text file; restore it") from error
    return [line.split() for line in lines if line.strip()]


def _class_names(folders: Iterable[Path]) -> list[str]:
    """Names of the classes by their numbers, from the list beside the files; none if there is none."""
    for folder in folders:
        for place in (folder, folder.parent):
            for name in CLASS_LISTS:
                if (place / name).is_file():
                    text = read_bytes(place / name).decode("utf-8", "replace")
                    return [line.strip() for line in text.splitlines() if line.strip()]
    return []


def _voc(path: Path, size: tuple[int, int] | None) -> Found:
    """Objects of PASCAL VOC, told by `trackid`, as ImageNet-VID has it, else by their name. A box is xmax - xmin
    wide."""
    root = read_xml(path, read_bytes(path))
    if root.tag != "annotation":
        raise mistake(path, f"is XML of <{root.tag}>, not of VOC's <annotation>; move it away")
    boxes = []
    for index, element in enumerate(root.iter("object")):
        where = f"object {index}"
        name, track = (element.findtext("name") or "object").strip(), _track_id(element)
        if (element.findtext("deleted") or "").strip() == "1":
            continue
        boxes.append((f"{name} {track}" if track else name, _object_box(path, element, where)))
    sides = [whole((root.findtext(f"size/{key}") or "").strip()) for key in ("height", "width")]
    return Found(boxes, (sides[0], sides[1]) if sides[0] and sides[1] else None)


def _object_box(path: Path, element: Element, where: str) -> Box:
    """The box of an object; of a polygon, as the LabelMe of old has it in such files, the one around."""
    bounds, points = element.find("bndbox"), element.findall("polygon/pt")
    if bounds is None and len(points) > 2:
        texts = [(point.findtext("x") or "", point.findtext("y") or "") for point in points]
        values = [[number(text.strip()) for text in pair] for pair in texts]
        if any(value is None or not math.isfinite(value) for pair in values for value in pair):
            raise mistake(path, "has a point that is not x, y; correct it", where)
        return checked_box(path, where, around([[value or 0.0 for value in pair] for pair in values]))
    if bounds is None:
        raise mistake(path, "has no bndbox; correct it", where)
    texts_of = [(bounds.findtext(key) or "").strip() for key in ("xmin", "ymin", "xmax", "ymax")]
    return checked_box(path, where, texts_of, "corners")


def _track_id(element: Element) -> str:
    for key in ("trackid", "track_id"):
        if (element.findtext(key) or "").strip():
            return (element.findtext(key) or "").strip()
    for attribute in element.iter("attribute"):  # CVAT's
        if attribute.findtext("name") == "track_id":
            return (attribute.findtext("value") or "").strip()
    return ""
