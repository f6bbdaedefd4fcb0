"""Data sets of boxes that `run_annotate.py` knows, and their defaults (paper, appendix D)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker_ext.annotation.sources.base import Source
from tracker_ext.annotation.sources.got10k import Got10kSource
from tracker_ext.annotation.sources.lasot import LasotSource
from tracker_ext.annotation.sources.trackingnet import TrackingNetSource
from tracker_ext.annotation.sources.youtubevos import YouTubeVosSource

__all__ = ["DATASETS", "FOLDER_DEFAULTS", "Defaults", "KnownDataset", "Source"]

Defaults = Mapping[str, Any]
"""Fields of `JobSettings` -> values that a data set has unless the command line gives others."""

FOLDER_DEFAULTS: Defaults = {"formats": ("davis",)}


@dataclass(frozen=True)
class KnownDataset:
    """A data set by name."""

    description: str
    """One line for the help text."""
    setting: str
    """Name of its path in the settings."""
    subfolder: str
    """Below that path."""
    open: Callable[[Path], Source]
    defaults: Defaults


DATASETS = {
    "got10k_train": KnownDataset(
        "GOT-10k, training set, every frame", "got10k_dir", "train", Got10kSource, {"formats": ("upstream",)}
    ),
    "lasot_train": KnownDataset(
        "LaSOT, training set, every 5th frame, at most 200 of a sequence", "lasot_dir", "", LasotSource,
        {"formats": ("upstream",), "every": 5, "max_frames": 200},
    ),
    "trackingnet_train": KnownDataset(
        "TrackingNet, training sets", "trackingnet_dir", "", TrackingNetSource, {"formats": ("upstream",)}
    ),
    "youtubevos_boxes": KnownDataset(
        "YouTube-VOS 2019, training set, from the boxes of its masks", "youtubevos_dir", "2019/train", YouTubeVosSource,
        {"formats": ("ytvos",)},
    ),
}  # fmt: skip
"""Command-line name -> data set."""
