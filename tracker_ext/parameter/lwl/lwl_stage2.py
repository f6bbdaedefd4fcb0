"""LWL with upstream's weights (`lwl_stage2.pth`), started from the mask of the first frame.

Hyper-parameters and rules are those of pytracking's own `lwl_ytvos`; with the same weights, so are the masks.
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
    """Make the host's parameters; see `lwl_parameters`."""
    needed_for = "lwl lwl_stage2"
    return lwl_parameters(needed_for, CONFIG, weights, lambda: upstream_file(WEIGHTS, needed_for))


def upstream_file(name: str, needed_for: str) -> Path:
    """The path of a file in `pretrained_dir`; the file need not exist.

    Args:
        name: name of the file.
        needed_for: tracker and parameter module, for the message.

    Raises:
        UserError: `pretrained_dir` is not set, or does not exist.
    """
    return load_paths().require("pretrained_dir", needed_for=needed_for) / name
