"""Settings, paths, statistics, logs."""
