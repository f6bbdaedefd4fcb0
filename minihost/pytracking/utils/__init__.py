"""Small helpers of the tracking half."""

from pytracking.utils.params import TrackerParams

__all__ = ["TrackerParams"]
