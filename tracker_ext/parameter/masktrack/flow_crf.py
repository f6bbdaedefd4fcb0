"""Lite MaskTrack + Flow + CRF: as `flow`, sharpened by a dense CRF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.parameter.masktrack import flow
from tracker_ext.tracker.cue_parameters import cue_parameters
from tracker_ext.tracker.cue_tracker import CueTracker

TRACKER_CLASS = CueTracker
CONFIG = replace(flow.CONFIG, crf=True)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `cue_parameters`."""
    return cue_parameters("masktrack flow_crf", "masktrack", ("refine",), CONFIG, weights)
