"""STCN as published, started from masks (box2mask-lite makes them of boxes)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.adapters.packages import Origin
from tracker_ext.adapters.parameters import adapter_parameters
from tracker_ext.adapters.stcn import load_stcn
from tracker_ext.adapters.whole_frame import WholeFrameTracker

TRACKER_CLASS = WholeFrameTracker
ORIGIN = Origin(
    needed_for="stcn_official default",
    package="stcnbuf",
    weights="stcn.pth",
    source="github.com/hkchengrex/STCN/releases",
)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """The host's parameters; see `adapter_parameters`."""
    return adapter_parameters(ORIGIN, load_stcn, weights)
