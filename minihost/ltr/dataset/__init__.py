"""Readers of video data sets."""

from ltr.dataset.davis import Davis
from ltr.dataset.youtubevos import YouTubeVOS

__all__ = ["Davis", "YouTubeVOS"]
