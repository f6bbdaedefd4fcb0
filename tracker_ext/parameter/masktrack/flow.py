"""Lite MaskTrack + Flow: as `default`, averaged with a second pass on the magnitude of the optical flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.parameter.masktrack import default
from tracker_ext.tracker.cue_parameters import cue_parameters
from tracker_ext.tracker.cue_tracker import CueTracker

TRACKER_CLASS = CueTracker
CONFIG = replace(default.CONFIG, flow_pass=True)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `cue_parameters`."""
    return cue_parameters("masktrack flow", "masktrack", ("refine",), CONFIG, weights)
