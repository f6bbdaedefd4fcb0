"""Box tables that hold many sequences or objects, by their old address."""

from __future__ import annotations

from pathlib import Path

from tracker_ext.annotation.sources.coco import CocoVideoSource
from tracker_ext.annotation.sources.objects import number_objects
from tracker_ext.annotation.sources.youtubebb import BB_COLUMNS, YouTubeBbSource
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, frame_numbers
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.video.data_files import VIDEO_SUFFIXES

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
    """A MOTChallenge sequence; see `load_clip`, and `mot_rows` for which lines are used."""
    return load_clip(folder, (box_file,), name, one_size=False)
