"""The fake tracker, failing on frames of 20 x 30 pixels."""

from __future__ import annotations

from fake_tracker import ShiftTracker
from pytracking.utils import TrackerParams

TRACKER_CLASS = ShiftTracker


def parameters() -> TrackerParams:
    params = TrackerParams()
    params.fails_on = (20, 30)
    return params
