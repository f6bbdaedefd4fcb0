"""Boxes as annotation tools export them: XML, json, folders with a file for each frame, zip archives of all these."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from tracker_ext.video.box_coco import coco_boxes
from tracker_ext.video.box_cvat import cvat_boxes, read_xml
from tracker_ext.video.box_frame_files import LISTS, frame_file_boxes, is_labelme, is_voc, is_yolo
from tracker_ext.video.box_label_studio import is_label_studio, label_studio_boxes
from tracker_ext.video.box_marks import ClipFacts
from tracker_ext.video.box_rows import GivenBoxes
from tracker_ext.video.box_text import mistake, read_bytes
from tracker_ext.video.frames import natural_key
from tracker_ext.video.zip_files import Limits, unpack

BOX_FILE_SUFFIXES = (".xml", ".json", ".txt", ".csv", ".tsv", ".names")
"""What is unpacked of an archive, which may hold the pictures as well."""
ZIP_LIMITS = Limits(entry_bytes=512 << 20, total_bytes=4 << 30)
OTHER_FOLDERS = ("imagesets", "__macosx", "segmentationclass", "segmentationobject")
"""In lower case; lists of frames, and what is no box."""
FRAME_FILES = {".json": is_labelme, ".xml": is_voc, ".txt": is_yolo}
"""Suffix -> whether a file is of one frame."""
MOT_FILES = ("gt/gt.txt", "det/det.txt")

TextReader = Callable[[Path], GivenBoxes]


def document_boxes(path: Path, clip: ClipFacts, read_text: TextReader) -> GivenBoxes | None:
    """Read the export of an annotation tool.

    Args:
        path: a file or a folder.
        clip: what is known of the clip.
        read_text: reads a file of lines that is found in a folder or an archive.

    Returns:
        The boxes; None for a file that is none of these, such as one of lines.

    Raises:
        UserError: unreadable, malformed, no boxes, boxes of several clips, frames that cannot be told.
    """
    if path.is_dir():
        return folder_boxes(path, clip, read_text)
    if _is_archive(path):
        return _zip_boxes(path, clip, read_text)
    data = read_bytes(path)
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        root = read_xml(path, data)
        if root.tag == "annotations":
            return cvat_boxes(path, root, clip)
        if root.tag == "annotation":
            return frame_file_boxes(path, [path], clip)
        raise mistake(path, f"is XML of <{root.tag}>, which is not known; export it as CVAT for video 1.1, MOT or COCO")
    if start not in (b"{", b"["):
        return None
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None  # lines of brackets, or what the reader of lines names
    return _json_boxes(path, content, clip)


def _json_boxes(path: Path, content: Any, clip: ClipFacts) -> GivenBoxes | None:
    if is_label_studio(content):
        return label_studio_boxes(path, content, clip)
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("shapes"), list) and clip.num_frames == 1:
        return frame_file_boxes(path, [path], clip)
    if "videos" in content or {"images", "annotations"} <= content.keys():
        return coco_boxes(path, clip)
    return None


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, and no spreadsheet, nor a damaged one: the reader of lines names those."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" not in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _zip_boxes(path: Path, clip: ClipFacts, read_text: TextReader) -> GivenBoxes:
    with tempfile.TemporaryDirectory(prefix="box2mask-boxes-") as folder:
        unpack(path, Path(folder), ZIP_LIMITS, BOX_FILE_SUFFIXES)
        try:
            return folder_boxes(Path(folder), clip, read_text)
        except UserError as error:
            message = str(error).replace(f"{folder}/", f"{path}: ").replace(folder, str(path))
            raise UserError(message) from error


def folder_boxes(folder: Path, clip: ClipFacts, read_text: TextReader) -> GivenBoxes:
    """The boxes in a folder of a tool's export: one file of CVAT, MOT, COCO or Label Studio, or a file for each frame.

    Args:
        folder: which may have the pictures in it as well.
        clip: what is known of the clip.
        read_text: see `document_boxes`.

    Raises:
        UserError: none, several, or malformed ones.
    """
    found = box_files_in(folder, clip.name)
    kind = FRAME_FILES.get(found[0].suffix.lower())
    if len(found) > 1:
        if kind is None or not any(map(kind, found)):
            names = ", ".join(path.name for path in found[:3])
            raise mistake(folder, f"has several files of boxes ({names}, ...); name one of them")
        return frame_file_boxes(folder, found, clip)
    (path,) = found
    read = document_boxes(path, clip, read_text)
    if read is not None:
        return read
    return frame_file_boxes(folder, found, clip) if kind is not None and kind(path) else read_text(path)


def box_files_in(folder: Path, name: str) -> list[Path]:
    """The files with boxes of a clip in a folder: one for all frames, or one for each.

    Args:
        folder: of the export.
        name: of the clip: of several folders with a file for each frame, that of its name is taken.

    Raises:
        UserError: none, or several that may be meant.
    """
    by_kind: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part.lower() in OTHER_FOLDERS for part in inside.parts)
        suffix = path.suffix.lower()
        if not hidden and suffix in BOX_FILE_SUFFIXES and suffix != ".names" and path.name.lower() not in LISTS:
            if inside.as_posix().lower().endswith(MOT_FILES):
                return [path]
            by_kind[path.parent, suffix].append(path)
    whole = [path for paths in by_kind.values() for path in paths if path.name.lower() == "annotations.xml"]
    last = name.rpartition("/")[2]
    called = [path for paths in by_kind.values() for path in paths if last and path.stem == last]
    groups = [[path] for path in whole or called] or [sorted(paths, key=natural_key) for paths in by_kind.values()]
    if not groups:
        raise mistake(folder, "has no boxes: no XML, json or text file; give the folder or archive of an export")
    if len(groups) > 1:
        named = [paths for paths in groups if paths[0].parent.name == last]
        if len(named) != 1:
            shown = ", ".join(paths[0].relative_to(folder).as_posix() for paths in groups[:4])
            raise mistake(folder, f"has boxes in several places ({shown}, ...); name one of them")
        groups = named
    return groups[0]
