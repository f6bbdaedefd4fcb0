"""Box tables that hold many sequences or objects, by their old address; MOT txt."""

from __future__ import annotations

from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.annotation.sources.base import BoxedSequence, Pictures, frame_numbers
from tracker_ext.annotation.sources.coco import CocoVideoSource
from tracker_ext.annotation.sources.files import VIDEO_SUFFIXES, refuse_gap
from tracker_ext.annotation.sources.objects import number_objects
from tracker_ext.annotation.sources.youtubebb import BB_COLUMNS, YouTubeBbSource
from tracker_ext.evaluation.box_files import read_given_boxes
from tracker_ext.evaluation.frames import list_pictures

__all__ = [
    "BB_COLUMNS",
    "VIDEO_SUFFIXES",
    "CocoVideoSource",
    "YouTubeBbSource",
    "frame_numbers",
    "load_mot",
    "number_objects",
]


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
