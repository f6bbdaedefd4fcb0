"""Train settings by the names that run_training.py takes: `<module>/<name>.py` with a function `run(settings)`."""
