"""LWL-lite, started from the mask of the first frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.paths import load_paths
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import lwl_parameters

TRACKER_CLASS = LWLTracker
WEIGHTS = "lwl-lite.safetensors"
CONFIG = LWLTrackerConfig(memory_size=16, memory_interval=2)
"""The memory spans as many frames as the paper's, 32, at half the cost of an update."""


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `lwl_parameters`."""
    return lwl_parameters("lwl default", CONFIG, weights, lwl_lite)


def lwl_lite() -> Path:
    """The weight file in the repository."""
    return load_paths().weights_dir / WEIGHTS
