"""Formats that `run_export.py` writes, by name."""

from __future__ import annotations

from tracker_ext.export.formats.alpha import AlphaWriter
from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.export.formats.coco import CocoWriter
from tracker_ext.export.formats.cvat import CvatWriter
from tracker_ext.export.formats.gif import GifWriter
from tracker_ext.export.formats.label_studio import LabelStudioWriter
from tracker_ext.export.formats.labelme import LabelMeWriter
from tracker_ext.export.formats.mots import MotsPngWriter
from tracker_ext.export.formats.overlay import OverlayWriter
from tracker_ext.export.formats.pictures import BinaryWriter, CutoutWriter
from tracker_ext.export.formats.yolo import YoloSegWriter

__all__ = ["FORMATS", "ExportClip", "ExportFrame", "ExportOptions", "FormatWriter"]

FORMATS: dict[str, type[FormatWriter]] = {
    kind.name: kind
    for kind in (
        CocoWriter,
        YoloSegWriter,
        MotsPngWriter,
        CvatWriter,
        LabelStudioWriter,
        LabelMeWriter,
        CutoutWriter,
        AlphaWriter,
        GifWriter,
        OverlayWriter,
        BinaryWriter,
    )
}
"""Name on the command line -> what writes it."""
