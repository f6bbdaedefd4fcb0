"""Builds a tracker for a video that is not part of a data set, in the same way as the host does for a sequence."""

from __future__ import annotations

from typing import Any

from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper


def build_tracker(tracker: Any, several: bool) -> Any:
    """Build a tracker.

    Args:
        tracker: a `TrackerHandle`, or another object with `tracker_class` and `get_parameters()`.
        several: whether there are several objects. If the class or the parameters have `multiobj_mode = "parallel"`,
            each object then gets its own tracker.

    Returns:
        A `BaseTracker`, or the host's wrapper, which has the same methods.
    """
    params = tracker.get_parameters()
    params.debug = 0
    params.visualization = False
    default = getattr(tracker.tracker_class, "multiobj_mode", "default")
    mode = params.multiobj_mode if params.has("multiobj_mode") else default
    if several and mode == "parallel":
        return MultiObjectWrapper(tracker.tracker_class, params)
    return tracker.tracker_class(params)
