"""Data sets of boxes that `run_annotate.py` knows, and their defaults (paper, appendix D)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracker_ext.annotation.sources.base import Source
from tracker_ext.annotation.sources.got10k import Got10kSource
from tracker_ext.annotation.sources.lasot import LasotSource
from tracker_ext.annotation.sources.trackingnet import TrackingNetSource
from tracker_ext.annotation.sources.youtubevos import YouTubeVosSource
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.prepare import prepare_boxes

__all__ = ["DATASETS", "BoxedSequence", "KnownDataset", "Source", "prepare_boxes"]


@dataclass(frozen=True, kw_only=True)
class KnownDataset:
    """A data set by name."""

    setting: str
    """Name of its path in the settings."""
    subfolder: str
    open: Callable[[Path], Source]
    formats: tuple[str, ...]
    """What is written unless something else is asked for."""
    every: int = 1
    """Every K-th frame is annotated."""
    most: int | None = None
    """Frames of one sequence that are annotated at most."""


DATASETS = {
    "got10k_train": KnownDataset(setting="got10k_dir", subfolder="train", open=Got10kSource, formats=("upstream",)),
    "lasot_train": KnownDataset(
        setting="lasot_dir", subfolder="", open=LasotSource, formats=("upstream",), every=5, most=200
    ),
    "trackingnet_train": KnownDataset(
        setting="trackingnet_dir", subfolder="", open=TrackingNetSource, formats=("upstream",)
    ),
    "youtubevos_boxes": KnownDataset(
        setting="youtubevos_dir", subfolder="2019/train", open=YouTubeVosSource, formats=("ytvos",)
    ),
}
"""Command-line name -> data set."""
