"""The fake tracker as it is."""

from __future__ import annotations

from fake_tracker import ShiftTracker
from pytracking.utils import TrackerParams

TRACKER_CLASS = ShiftTracker


def parameters() -> TrackerParams:
    return TrackerParams()
