"""The train settings of `run_training.py MODULE NAME`: each is a file `MODULE/NAME.py` with `run(settings)`."""
