"""Names no tracker class, and the host has no tracker `fake`."""

from __future__ import annotations

from pytracking.utils import TrackerParams


def parameters() -> TrackerParams:
    return TrackerParams()
