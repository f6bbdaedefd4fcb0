"""Tracker packages `<name>`, each with `get_tracker_class()`; extensions set `Tracker.tracker_class` instead."""
