"""Settings of `run_training.py lwl ...`."""
