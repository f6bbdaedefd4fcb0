"""The box2mask network (paper section 3)."""

from ltr_ext.models.box2mask.config import VARIANTS, Box2MaskConfig
from ltr_ext.models.box2mask.network import Box2MaskNet, Box2MaskOutput, FrameEncoding

__all__ = ["VARIANTS", "Box2MaskConfig", "Box2MaskNet", "Box2MaskOutput", "FrameEncoding"]
