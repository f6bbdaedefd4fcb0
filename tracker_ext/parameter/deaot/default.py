"""DeAOT with a ResNet-50 (R50-DeAOTL), started from masks (box2mask-lite makes them of boxes)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.adapters.deaot import load_deaot
from tracker_ext.adapters.packages import Origin
from tracker_ext.adapters.parameters import adapter_parameters
from tracker_ext.adapters.whole_frame import WholeFrameTracker

TRACKER_CLASS = WholeFrameTracker
ORIGIN = Origin(
    needed_for="deaot default",
    package="deaotpy",
    weights="R50_DeAOTL_PRE_YTB_DAV.pth",
    source="the model zoo of github.com/yoxu515/aot-benchmark",
)


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """The host's parameters; see `adapter_parameters`."""
    return adapter_parameters(ORIGIN, load_deaot, weights)
