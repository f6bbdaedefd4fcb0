"""Loads training data."""

from ltr.data.loader import LTRLoader

__all__ = ["LTRLoader"]
