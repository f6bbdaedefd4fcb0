"""Boxes on the frames of a video become masks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_ext.segmentation.api import masks_from_boxes
    from tracker_ext.segmentation.config import AnnotateConfig
    from tracker_ext.segmentation.segment import FrameMasks, annotate

__all__ = ["AnnotateConfig", "FrameMasks", "annotate", "masks_from_boxes"]
_MODULES = {"AnnotateConfig": "config", "FrameMasks": "segment", "annotate": "segment", "masks_from_boxes": "api"}


def __getattr__(name: str) -> Any:
    """The engine needs torch, which takes seconds to import: only for who asks for it."""
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
