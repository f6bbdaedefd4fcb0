"""Lite STM, which matches positions of a frame with remembered ones by the dot product of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.tracker.config import LITE_BOX_SCALE
from tracker_ext.tracker.cue_config import CueTrackerConfig
from tracker_ext.tracker.cue_parameters import cue_parameters
from tracker_ext.tracker.cue_tracker import CueTracker

TRACKER_CLASS = CueTracker
CONFIG = CueTrackerConfig(start="given", box_scale=LITE_BOX_SCALE)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `cue_parameters`."""
    return cue_parameters("stm default", "stm", ("match",), CONFIG, weights)
