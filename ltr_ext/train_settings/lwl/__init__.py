"""The settings of `run_training.py lwl ...`."""
