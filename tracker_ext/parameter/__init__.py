"""Parameter modules, which the host finds as `pytracking.parameter.<tracker>.<name>`."""
