"""The user's own folder: frames and boxes in one of the layouts of the field; which one is found out by looking."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import PickledByFields, Source
from tracker_ext.annotation.sources.coco import CocoVideoSource
from tracker_ext.annotation.sources.got10k import GOT10K_FLAGS, got10k_absence
from tracker_ext.annotation.sources.lasot import LASOT_FLAGS, lasot_absence
from tracker_ext.annotation.sources.youtubebb import BB_COLUMNS, YouTubeBbSource
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.video.box_documents import BOX_FILE_SUFFIXES
from tracker_ext.video.box_label_studio import is_label_studio
from tracker_ext.video.coco_content import read_json
from tracker_ext.video.data_files import read_lines
from tracker_ext.video.discover import Found, FoundClip, discover
from tracker_ext.video.frames import VideoFrames

BOX_FILE_HINT = "groundtruth.txt, boxes.csv or gt/gt.txt into its folder, <name>.txt or .csv beside it, or --boxes FILE"


@dataclass(frozen=True)
class FolderSource(PickledByFields):
    """Sequences below a folder, each with a box file of its own, frames beside it or in a video; see `discover`.

    The folder may be one sequence itself.
    """

    root: Path
    box_file: Path | None = None
    """Boxes of the folder or video itself, wherever they lie."""

    @cached_property
    def _found(self) -> Found:
        if self.box_file is not None:
            name = self.root.stem if self.root.is_file() else self.root.resolve().name
            return Found({name: FoundClip(self.root, (self.box_file,), self.root)})
        found = discover(self.root)
        if not found.clips:
            seen = "; ".join(f"{name}: {reason}" for name, reason in list(found.skipped.items())[:3])
            raise UserError(f"folder {self.root}: no sequence has boxes{seen and f' ({seen})'}; give {BOX_FILE_HINT}")
        return found

    def names(self) -> list[str]:
        """Paths below the folder, without suffix."""
        return list(self._found.clips)

    def skipped(self) -> dict[str, str]:
        """Name of what looks like a sequence and is none -> reason."""
        return self._found.skipped

    def box_files(self, name: str) -> tuple[Path, ...]:
        """Files that say where the objects are; some may not be there."""
        clip = self._found.clips[name]
        flags = () if clip.folder is None else (*GOT10K_FLAGS, *LASOT_FLAGS)
        files = [file for path in clip.box_files for file in (_frame_files(path) if path.is_dir() else [path])]
        return (*files, *(clip.folder / file for file in flags if clip.folder is not None))

    def load(self, name: str) -> BoxedSequence:
        """See `load_clip`; flags of GOT-10k and LaSOT in the sequence's folder say where its one object is absent."""
        if name not in self._found.clips:
            raise UserError(f"folder {self.root}: there is no sequence {name}")
        clip = self._found.clips[name]
        sequence = load_clip(clip.frames, clip.box_files, name, one_size=False, notes=clip.notes)
        if isinstance(sequence.frames, VideoFrames):
            sequence.frames.refuse_damage()
        if clip.folder is None or len(sequence.boxes) != 1:
            return sequence
        count = len(sequence.frames)
        flags = got10k_absence(clip.folder, count) | lasot_absence(clip.folder, count)
        none = np.zeros(count, bool)
        absent = {object_id: sequence.absent.get(object_id, none) | flags for object_id in sequence.boxes}
        return replace(sequence, absent=absent)


def _frame_files(folder: Path) -> list[Path]:
    """The files with boxes of a folder with one for each frame."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in BOX_FILE_SUFFIXES)


def open_folder(root: Path, box_file: Path | None) -> Source:
    """Choose how to read a folder: by its box file if one is named, else by looking into it.

    Raises:
        UserError: nothing there.
    """
    if not root.exists():
        raise UserError(f"folder {root} does not exist; check the path")
    if root.is_file() and box_file is None:
        if root.suffix.lower() == ".zip":
            raise UserError(f"folder {root}: is a zip archive; unpack it, frames are read from files")
        raise UserError(f"folder {root}: is a file; for one video: run_annotate.py video {root} --boxes FILE")
    if box_file is None:
        return FolderSource(root)
    if not box_file.exists():
        raise UserError(f"--boxes {box_file}: does not exist; check the path")
    if box_file.is_dir() or root.is_file():
        return FolderSource(root, box_file)
    if box_file.suffix.lower() == ".json" and not is_of_one_clip(box_file):
        return CocoVideoSource(root, box_file)
    return YouTubeBbSource(root, box_file) if is_youtube_bb(box_file) else FolderSource(root, box_file)


def is_of_one_clip(box_file: Path) -> bool:
    """Whether a json is of one clip: Label Studio's, LabelMe's, or a list of boxes."""
    try:
        content = read_json(box_file)
    except UserError:  # the reader of COCO says what is wrong
        return False
    if isinstance(content, list) and any(isinstance(row, list) and len(row) == 4 for row in content):
        return True
    return is_label_studio(content) or (isinstance(content, dict) and "shapes" in content)


def is_youtube_bb(box_file: Path) -> bool:
    """Whether a text file is one of YouTube-BoundingBoxes, by its first line."""
    try:
        first = next(csv.reader(read_lines(box_file)[:1]), [])
    except (UserError, csv.Error):  # the reader of box files says what is wrong
        return False
    presence = ("present", "absent", "uncertain")
    return len(first) == len(BB_COLUMNS) and (first[0] == BB_COLUMNS[0] or first[5] in presence)
