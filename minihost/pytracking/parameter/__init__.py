"""Parameter modules `<tracker>.<name>` with `parameters() -> TrackerParams`; extensions append to `__path__`."""
