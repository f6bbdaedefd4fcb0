"""LWL-lite, started from the mask of the first frame."""

from __future__ import annotations

from pytracking.utils import TrackerParams

from ltr_ext.device import best_device
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from tracker_ext.segmentation.networks import network
from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

TRACKER_CLASS = LWLTracker
WEIGHTS = "lwl-lite.safetensors"
CONFIG = LWLTrackerConfig(memory_size=16, memory_interval=2)
"""The memory reaches as far back as the paper's 32 frames, at half the cost of an update."""


def parameters() -> TrackerParams:
    """The host's parameters; raises `UserError` if the weights are missing or corrupt."""
    path = load_paths().weights_dir / WEIGHTS
    params = TrackerParams()
    params.device = best_device()
    params.weights = (path,)
    params.lwl = LWLTrackerParts(network(path, LWLNet, params.device), CONFIG)
    return params
