"""Networks that follow a mask through a video; each combines some cues with one backbone and one decoder."""

from ltr_ext.models.cues.config import CueConfig
from ltr_ext.models.cues.frame import Cue, CueFrame
from ltr_ext.models.cues.network import CUES, CueNet, initialise_from_lwl

__all__ = ["CUES", "Cue", "CueConfig", "CueFrame", "CueNet", "initialise_from_lwl"]
