"""A folder of one's own: frames and boxes in one of the layouts of the field, found by looking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import BoxedSequence, PickledByFields, Pictures, Source, VideoFrames
from tracker_ext.annotation.sources.files import read_lines, refuse_gap
from tracker_ext.annotation.sources.got10k import got10k_absence
from tracker_ext.annotation.sources.tables import (
    BB_COLUMNS,
    VIDEO_SUFFIXES,
    CocoVideoSource,
    YouTubeBbSource,
    frame_numbers,
    load_mot,
)
from tracker_ext.evaluation.box_files import is_table, read_boxes
from tracker_ext.evaluation.frames import VideoSource, list_pictures

BOX_FILES = ("groundtruth.txt", "boxes.txt", "boxes.csv", "groundtruth_rect.txt", "gt/gt.txt", "det/det.txt")
"""Where a sequence's boxes are looked for, in this order."""
FRAME_FOLDERS = ("", "img", "img1", "imgs", "frames", "color")
"""Where its frames are looked for."""
SHOWN = "groundtruth.txt, boxes.csv or gt/gt.txt into its folder, <name>.txt or .csv beside it, or --boxes FILE"


@dataclass(frozen=True)
class FolderSource(PickledByFields):
    """Sequences below a folder, each with a box file of its own (`BOX_FILES`), frames beside it or in a video.

    `<any>/<sequence>/{pictures, groundtruth.txt}` (also in `img/` and the like), `<sequence>/{img1/, gt/gt.txt}` (MOT),
    or `<clip>.mp4`, or a folder `<clip>` of pictures, beside `<clip>.txt` or `<clip>.csv`. The folder may be one
    sequence itself.
    """

    root: Path
    box_file: Path | None = None
    """Boxes of the folder or video itself, wherever they lie."""

    @cached_property
    def _found(self) -> dict[str, tuple[Path, Path]]:
        """Name -> (folder or video, box file)."""
        if self.box_file is not None:
            return {self.root.stem if self.root.is_file() else self.root.resolve().name: (self.root, self.box_file)}
        found: dict[str, tuple[Path, Path]] = {}
        for pattern in BOX_FILES:
            for box_file in sorted(self.root.rglob(pattern)):
                folder = box_file.parents[pattern.count("/")]
                name = self.root.resolve().name if folder == self.root else folder.relative_to(self.root).as_posix()
                found.setdefault(name, (folder, box_file))
        for box_file in sorted(path for path in self.root.rglob("*") if path.suffix.lower() in (".txt", ".csv")):
            for place in (box_file.with_suffix(""), *(box_file.with_suffix(suffix) for suffix in VIDEO_SUFFIXES)):
                if place.is_file() or (place.is_dir() and list_pictures(place)):
                    found.setdefault(box_file.relative_to(self.root).with_suffix("").as_posix(), (place, box_file))
        if not found:
            raise UserError(f"folder {self.root}: no sequence has boxes; give {SHOWN}")
        return dict(sorted(found.items()))

    def names(self) -> list[str]:
        """Paths below the folder, without suffix."""
        return list(self._found)

    def load(self, name: str) -> BoxedSequence:
        """A box file's rows of nan mean absent; rows that are not there say nothing."""
        if name not in self._found:
            raise UserError(f"folder {self.root}: there is no sequence {name}")
        place, box_file = self._found[name]
        frames = self._frames(place, name)
        if box_file.parent.name in ("gt", "det"):
            assert isinstance(frames, Pictures)
            return load_mot(frames.paths[0].parent, box_file, name)
        if isinstance(frames, Pictures) and (is_table(box_file) or len(read_lines(box_file)) != len(frames)):
            refuse_gap(frames.paths, name)
        boxes = read_boxes(box_file, len(frames))
        numbers = frame_numbers(frames.paths) if isinstance(frames, Pictures) else tuple(range(len(frames)))
        absent = {object_id: explicit_absence(box_file, object_id, track) for object_id, track in boxes.items()}
        if isinstance(frames, Pictures) and len(boxes) == 1:
            absent = {object_id: flags | got10k_absence(place, len(frames)) for object_id, flags in absent.items()}
        return BoxedSequence(name, frames, numbers, boxes, absent)

    @staticmethod
    def _frames(place: Path, name: str) -> Pictures | VideoFrames:
        if place.is_file():
            return VideoFrames(place, 0, len(VideoSource(place)))
        for sub_folder in FRAME_FOLDERS:
            if (place / sub_folder).is_dir() and (paths := list_pictures(place / sub_folder)):
                return Pictures(tuple(paths))
        raise UserError(f"{name}: folder {place} has no frames; put them beside the boxes or into img/")


def explicit_absence(box_file: Path, object_id: int, track: np.ndarray) -> np.ndarray:
    """[F] bool: frames whose row of nan says that the object is absent; in a table, a missing row says nothing.

    Args:
        box_file: as `read_boxes` takes it.
        object_id: of the track.
        track: [F, 4] as `read_boxes` gave it.
    """
    empty = np.isnan(track).all(axis=1)
    if not is_table(box_file):
        return empty
    lines = read_lines(box_file)
    header = [field.strip().lower() for field in lines[0].split(",")]
    at_frame, at_object = header.index("frame"), header.index("object")
    rows = np.zeros(len(track), bool)
    for line in lines[1:]:
        fields = line.split(",")
        if len(fields) == len(header) and int(fields[at_object]) == object_id:
            rows[int(fields[at_frame])] = True
    return empty & rows


def open_folder(root: Path, box_file: Path | None) -> Source:
    """Choose how to read a folder: by its box file if one is named, else by looking into it.

    Raises:
        UserError: nothing there.
    """
    if not root.exists():
        raise UserError(f"folder {root} does not exist; check the path")
    if root.is_file() and box_file is None:
        raise UserError(f"folder {root}: is a file; for one video: run_annotate.py video {root} --boxes FILE")
    if box_file is None:
        return FolderSource(root)
    if not box_file.is_file():
        raise UserError(f"--boxes {box_file}: is no file; check the path")
    if box_file.suffix.lower() == ".json":
        return CocoVideoSource(root, box_file)
    lines = read_lines(box_file)
    first = lines[0].split(",") if lines else []
    if len(first) == len(BB_COLUMNS) and (first[0] == BB_COLUMNS[0] or first[5] in ("present", "absent", "uncertain")):
        return YouTubeBbSource(root, box_file)
    return FolderSource(root, box_file)
