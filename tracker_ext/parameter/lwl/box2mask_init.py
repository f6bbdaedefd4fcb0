"""LWL-lite, started from the box of the first frame, from which box2mask-lite makes a mask (paper section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.paths import load_paths
from tracker_ext.parameter.lwl import default
from tracker_ext.tracker.config import LITE_BOX_SCALE
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import lwl_parameters

TRACKER_CLASS = LWLTracker
BOX_WEIGHTS = "box2mask-lite.safetensors"
CONFIG = replace(default.CONFIG, start="box", box_scale=LITE_BOX_SCALE)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `lwl_parameters`."""
    return lwl_parameters("lwl box2mask_init", CONFIG, weights, default.lwl_lite, box2mask_lite)


def box2mask_lite() -> Path:
    """The weight file in the repository."""
    return load_paths().weights_dir / BOX_WEIGHTS
