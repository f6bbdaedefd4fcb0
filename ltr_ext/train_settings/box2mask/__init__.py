"""The settings of `run_training.py box2mask ...`."""
