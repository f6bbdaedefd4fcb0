"""LWL as `lwl_stage2`, started from a box: upstream's box2mask (`sta.pth.tar`) makes a mask of it (section 4.3)."""

from __future__ import annotations

from dataclasses import replace

from pytracking.utils import TrackerParams

from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.paths import load_paths
from tracker_ext.parameter.lwl import lwl_stage2
from tracker_ext.segmentation.networks import network
from tracker_ext.tracker.config import LWL_YTVOS
from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

TRACKER_CLASS = LWLTracker
BOX_WEIGHTS = "sta.pth.tar"
CONFIG = replace(LWL_YTVOS, start="box")


def parameters() -> TrackerParams:
    """The host's parameters; raises `UserError` if `pretrained_dir` or the weights in it are missing."""
    needed_for = "lwl sta_init"
    params = lwl_stage2.parameters(needed_for)
    path = load_paths().require("pretrained_dir", needed_for=needed_for) / BOX_WEIGHTS
    params.weights = (*params.weights, path)
    params.lwl = LWLTrackerParts(params.lwl.net, CONFIG, network(path, Box2MaskNet, params.device))
    return params
