"""LWL-lite, started from the box of the first frame: box2mask-lite makes a mask of it (paper section 4.3)."""

from __future__ import annotations

from dataclasses import replace

from pytracking.utils import TrackerParams

from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.paths import load_paths
from tracker_ext.parameter.lwl import default
from tracker_ext.segmentation.networks import network
from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

TRACKER_CLASS = LWLTracker
BOX_WEIGHTS = "box2mask-lite.safetensors"
CONFIG = replace(default.CONFIG, start="box", box_scale=2.5)
"""On a single frame the tighter crops of several frames bring nothing (docs/experiments.md, 13 to 15)."""


def parameters() -> TrackerParams:
    """The host's parameters; raises `UserError` if the weights are missing or corrupt."""
    params = default.parameters()
    path = load_paths().weights_dir / BOX_WEIGHTS
    params.weights = (*params.weights, path)
    params.lwl = LWLTrackerParts(params.lwl.net, CONFIG, network(path, Box2MaskNet, params.device))
    return params
