"""LWL with upstream's weights (`lwl_stage2.pth`), started from the mask of the first frame.

Hyper-parameters and rules are those of pytracking's own `lwl_ytvos`; with the same weights the masks are too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.paths import load_paths
from tracker_ext.tracker.config import LWL_YTVOS
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import lwl_parameters

TRACKER_CLASS = LWLTracker
WEIGHTS = "lwl_stage2.pth"
CONFIG = LWL_YTVOS


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """The host's parameters; see `lwl_parameters`."""
    needed_for = "lwl lwl_stage2"
    return lwl_parameters(needed_for, CONFIG, weights, lambda: upstream_file(WEIGHTS, needed_for))


def upstream_file(name: str, needed_for: str) -> Path:
    """A file in `pretrained_dir`.

    Args:
        name: of the file.
        needed_for: tracker and parameter that the user asked for, for the message; the host gives none.

    Raises:
        UserError: `pretrained_dir` is not set, or not there.
    """
    return load_paths().require("pretrained_dir", needed_for=needed_for) / name
