"""Settings, paths, statistics and logs of training."""
