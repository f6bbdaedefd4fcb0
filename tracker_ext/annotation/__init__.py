"""Annotation: boxes on the frames of a video become masks."""

from tracker_ext.annotation.api import masks_from_boxes
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.engine import FrameMasks, annotate

__all__ = ["AnnotateConfig", "FrameMasks", "annotate", "masks_from_boxes"]
