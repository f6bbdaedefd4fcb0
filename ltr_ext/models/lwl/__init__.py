"""The LWL network: learns an object from a mask, finds it in later frames."""

from ltr_ext.models.lwl.config import LITE, LWLConfig
from ltr_ext.models.lwl.network import FrameFeatures, LWLNet, initialise_from_box2mask
from ltr_ext.models.lwl.previous import PreviousMaskConfig, simulate_previous_masks

__all__ = [
    "LITE",
    "FrameFeatures",
    "LWLConfig",
    "LWLNet",
    "PreviousMaskConfig",
    "initialise_from_box2mask",
    "simulate_previous_masks",
]
