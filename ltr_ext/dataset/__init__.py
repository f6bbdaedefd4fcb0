"""Video data sets, seen differently."""
