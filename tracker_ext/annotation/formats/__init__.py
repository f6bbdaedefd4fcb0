"""Formats that `run_annotate.py` writes, by name."""

from __future__ import annotations

from tracker_ext.annotation.formats.base import Format, SequenceInfo, SequenceWriter
from tracker_ext.annotation.formats.images import DavisFormat, UpstreamFormat, YoutubeVosFormat
from tracker_ext.annotation.formats.rle import CocoFormat, MotsFormat

__all__ = ["FORMATS", "Format", "SequenceInfo", "SequenceWriter"]

FORMATS: dict[str, Format] = {
    kind.name: kind() for kind in (UpstreamFormat, DavisFormat, YoutubeVosFormat, CocoFormat, MotsFormat)
}
"""Name on the command line -> format."""
