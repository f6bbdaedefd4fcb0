"""Video data sets, seen differently."""

from ltr_ext.dataset.views import BoxesOnly, PseudoMasks

__all__ = ["BoxesOnly", "PseudoMasks"]
