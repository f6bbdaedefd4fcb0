"""Tracker packages `<name>` with `get_tracker_class()`; extensions set `Tracker.tracker_class` instead."""
