"""LWL with upstream's weights (`lwl_stage2.pth`), started from the mask of the first frame.

Hyper-parameters and rules are those of pytracking's own `lwl_ytvos`; with the same weights the masks are too.
"""

from __future__ import annotations

from pytracking.utils import TrackerParams

from ltr_ext.device import best_device
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from tracker_ext.segmentation.networks import network
from tracker_ext.tracker.config import LWL_YTVOS
from tracker_ext.tracker.lwl_tracker import LWLTracker, LWLTrackerParts

TRACKER_CLASS = LWLTracker
WEIGHTS = "lwl_stage2.pth"


def parameters(needed_for: str = "lwl lwl_stage2") -> TrackerParams:
    """The host's parameters.

    Args:
        needed_for: tracker and parameter that the user asked for, for the message; the host gives none.

    Raises:
        UserError: `pretrained_dir` or the weights in it are missing.
    """
    path = load_paths().require("pretrained_dir", needed_for=needed_for) / WEIGHTS
    params = TrackerParams()
    params.device = best_device()
    params.weights = (path,)
    params.lwl = LWLTrackerParts(network(path, LWLNet, params.device), LWL_YTVOS)
    return params
