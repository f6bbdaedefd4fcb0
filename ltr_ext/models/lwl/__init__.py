"""The LWL network, which learns an object from a mask and segments it in later frames."""

from ltr_ext.models.lwl.config import LITE, LWLConfig
from ltr_ext.models.lwl.network import FrameFeatures, LWLNet, initialise_from_box2mask

__all__ = ["LITE", "FrameFeatures", "LWLConfig", "LWLNet", "initialise_from_box2mask"]
