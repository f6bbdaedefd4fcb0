"""Parameter modules `<tracker>.<name>`, each with `parameters() -> TrackerParams`; extensions add theirs by path."""
