"""Readers of video data sets."""

from ltr.dataset.davis import Davis
from ltr.dataset.got10k import Got10k, Got10kVOS
from ltr.dataset.lasot import Lasot, LasotVOS
from ltr.dataset.tracking_net import TrackingNet
from ltr.dataset.youtubevos import YouTubeVOS

__all__ = ["Davis", "Got10k", "Got10kVOS", "Lasot", "LasotVOS", "TrackingNet", "YouTubeVOS"]
