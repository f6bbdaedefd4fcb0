"""The paper's baseline LWL of tables 4 to 7: as `ours`, with the network of the train setting `lwl baseline_ft`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.models.lwl import LWLNet
from tracker_ext.parameter.lwl import ours
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import lwl_parameters, require_trained

TRACKER_CLASS = LWLTracker
SETTING = "lwl baseline_ft"
CONFIG = ours.CONFIG


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `lwl_parameters` and `require_trained`."""
    return lwl_parameters(SETTING, CONFIG, weights, lambda: require_trained(LWLNet, SETTING), ours.box2mask)
