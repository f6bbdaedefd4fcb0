"""Cutie, base, started from masks (box2mask-lite makes them of boxes)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.adapters.cutie import load_cutie
from tracker_ext.adapters.packages import Origin
from tracker_ext.adapters.parameters import adapter_parameters
from tracker_ext.adapters.whole_frame import WholeFrameTracker

TRACKER_CLASS = WholeFrameTracker
ORIGIN = Origin(
    needed_for="cutie default",
    package="rf-cutie",
    weights="cutie-base-mega.pth",
    source="github.com/hkchengrex/Cutie/releases",
)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """The host's parameters; see `adapter_parameters`."""
    return adapter_parameters(ORIGIN, load_cutie, weights)
