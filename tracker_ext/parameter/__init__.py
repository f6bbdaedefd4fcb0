"""Parameter modules, found by the host as `pytracking.parameter.<tracker>.<name>`."""
