"""A tracker for a video that is no data set: as the host would build it for a sequence."""

from __future__ import annotations

from typing import Any

from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper


def build_tracker(tracker: Any, several: bool) -> Any:
    """Build a tracker.

    Args:
        tracker: a `TrackerHandle`, or what has its `tracker_class` and `get_parameters()`.
        several: whether there are several objects; a class or parameters that say `multiobj_mode = "parallel"` then
            get one tracker per object.

    Returns:
        A `BaseTracker` or the host's wrapper, which has the same methods.
    """
    params = tracker.get_parameters()
    params.debug = 0
    params.visualization = False
    default = getattr(tracker.tracker_class, "multiobj_mode", "default")
    mode = params.multiobj_mode if params.has("multiobj_mode") else default
    if several and mode == "parallel":
        return MultiObjectWrapper(tracker.tracker_class, params)
    return tracker.tracker_class(params)
