"""Boxes of many sequences in one json file: COCO-VID, YouTube-VIS, and COCO's plain lists of images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import PickledByFields
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, frame_numbers
from tracker_ext.video.coco_content import CocoContent
from tracker_ext.video.frames import Pictures
from tracker_ext.video.own_ids import number_objects


@dataclass(frozen=True)
class CocoVideoSource(PickledByFields):
    """Boxes in one json file, frames below a folder.

    * COCO-VID: `videos`, `images` (with `video_id`, `frame_id`), `annotations` per image (`bbox`, `instance_id` or
      `track_id`);
    * YouTube-VIS: `videos` with `file_names`, `annotations` per object with `bboxes`;
    * COCO without `videos`: a sequence is a folder of `file_name`.
    """

    root: Path
    box_file: Path

    @cached_property
    def _content(self) -> CocoContent:
        return CocoContent(self.box_file, self.root.resolve().name)

    def names(self) -> list[str]:
        """Names of the videos."""
        return list(self._content.videos)

    def box_files(self, name: str) -> tuple[Path, ...]:
        """The one file of all boxes."""
        return (self.box_file,)

    def load(self, name: str) -> BoxedSequence:
        """Objects get ids 1, 2, ... in the order of their own ids. Boxes of four zeros or four -1 say absent.

        Raises:
            UserError: a box that is not four numbers, one given twice, a file name outside the root, no frames, or
                frames of another size than the file says.
        """
        content = self._content
        if name not in content.videos:
            raise UserError(f"box file {self.box_file}: there is no video {name}")
        files, boxes_of, sizes = content.frames_and_boxes(name)
        if not files:
            raise content.error(f"video {name} has no frames")
        paths = tuple(path_below(self.root, file, self.box_file) for file in files)
        if not paths[0].exists():
            raise UserError(
                f"{name}: frame {paths[0]} does not exist; the folder given must be the one that the file names in "
                f"{self.box_file.name} start from; of a video, extract the frames into it"
            )
        boxes, absent, objects = number_objects(boxes_of, len(paths), name)
        frames = as_declared(Pictures(paths, name), sizes, self.box_file)
        return BoxedSequence(name, frames, frame_numbers(paths), boxes, absent, objects)


def as_declared(pictures: Pictures, sizes: Sequence[tuple[int, int] | None], box_file: Path) -> Pictures:
    """The pictures as they are stored, or turned by their EXIF orientation if boxes are for the size they then have.

    Pictures whose header cannot be read are passed over here; they are refused when they are read.

    Args:
        pictures: as they are stored.
        sizes: (height, width) that the box file says; None where it does not.
        box_file: for the message.

    Raises:
        UserError: the size differs either way, so the boxes would lie elsewhere.
    """
    for path, said in zip(pictures.paths, sizes, strict=True):
        if said is None:
            continue
        try:
            stored, turned = (Pictures((path,), upright=upright).size for upright in (False, True))
        except UserError:
            continue
        if said == turned != stored:
            return replace(pictures, upright=True)
        if said != stored:
            raise UserError(
                f"{pictures.name}: frame {path} is {stored[1]}x{stored[0]}, but its boxes in {box_file} are for "
                f"{said[1]}x{said[0]}; give the pictures that were annotated, or correct width and height"
            )
    return pictures


def path_below(root: Path, file: str, box_file: Path) -> Path:
    """The path of a file that a box file names; one written on Windows may have backslashes.

    Raises:
        UserError: it would lie outside the root.
    """
    path = root / file
    if "\\" in file and not path.exists():
        path = root / file.replace("\\", "/")
    if not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root)):
        raise UserError(f"box file {box_file}: frame {file!r} lies outside the folder {root}; name one inside it")
    return path
