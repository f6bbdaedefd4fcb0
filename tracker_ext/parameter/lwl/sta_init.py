"""LWL as in `lwl_stage2`, but started from a box, from which upstream's box2mask (`sta.pth.tar`) makes a mask.

The mask (paper section 4.3) is made in the same way as by pytracking's STA helper: see
`tracker_ext/tracker/upstream_box.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from tracker_ext.parameter.lwl.lwl_stage2 import WEIGHTS, upstream_file
from tracker_ext.tracker.config import LWL_YTVOS
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import lwl_parameters

TRACKER_CLASS = LWLTracker
BOX_WEIGHTS = "sta.pth.tar"
CONFIG = replace(LWL_YTVOS, start="box")


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `lwl_parameters`."""
    needed_for = "lwl sta_init"
    return lwl_parameters(
        needed_for,
        CONFIG,
        weights,
        lambda: upstream_file(WEIGHTS, needed_for),
        lambda: upstream_file(BOX_WEIGHTS, needed_for),
    )
