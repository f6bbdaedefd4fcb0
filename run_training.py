"""Train a network: `python run_training.py MODULE NAME` runs `ltr_ext/train_settings/MODULE/NAME.py`."""

from __future__ import annotations

from ltr_ext import host
from ltr_ext.errors import run_command
from tracker_ext.commands import leave
from tracker_ext.commands.train import main

if __name__ == "__mp_main__":  # a spawned worker; the choice is in the environment
    host.resolve()

if __name__ == "__main__":
    leave(run_command(main))
