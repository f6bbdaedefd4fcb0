"""Lite OnAVOS: as `default`, but the network is also fitted to the certain pixels of later frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.parameter.osvos import default
from tracker_ext.tracker.cue_config import AdaptConfig
from tracker_ext.tracker.cue_parameters import cue_parameters
from tracker_ext.tracker.cue_tracker import CueTracker

TRACKER_CLASS = CueTracker
CONFIG = replace(default.CONFIG, adapt=AdaptConfig())


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `cue_parameters`."""
    return cue_parameters("osvos online", "osvos", (), CONFIG, weights)
