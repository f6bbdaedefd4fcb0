"""The paper's LWL-Ours (section 4.3, tables 4 to 7): the network of the train setting `lwl ours`.

Its weights are `--weights FILE`, or the best checkpoint of that training in `workspace_dir`. An object starts from its
mask if the data set has one (VOT2020, YouTube-VOS), otherwise from its box (GOT-10k, TrackingNet), from which box2mask
makes a mask. The box2mask network is that of a further `--weights FILE`, otherwise that of the training
`box2mask default`, otherwise upstream's (`sta.pth.tar` in `pretrained_dir`). Hyper-parameters and rules are those of
pytracking's `lwl_ytvos`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pytracking.utils import TrackerParams

from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.lwl import LWLNet
from ltr_ext.paths import load_paths
from tracker_ext.parameter.lwl.sta_init import BOX_WEIGHTS
from tracker_ext.tracker.config import LWL_YTVOS
from tracker_ext.tracker.lwl_tracker import LWLTracker
from tracker_ext.tracker.trained import checkpoint_of, lwl_parameters, require_trained

TRACKER_CLASS = LWLTracker
SETTING = "lwl ours"
CONFIG = replace(LWL_YTVOS, start="given")


def parameters(weights: Sequence[Path] = ()) -> TrackerParams:
    """Make the host's parameters; see `lwl_parameters` and `require_trained`."""
    return lwl_parameters(SETTING, CONFIG, weights, lambda: require_trained(LWLNet, SETTING), box2mask)


def box2mask() -> Path | None:
    """The file of the paper's box2mask network; None if there is none, since data sets with masks do not need it."""
    pretrained = load_paths().pretrained_dir
    files = [checkpoint_of(Box2MaskNet, "box2mask default"), *([pretrained / BOX_WEIGHTS] if pretrained else [])]
    return next((file for file in files if file.is_file()), None)
