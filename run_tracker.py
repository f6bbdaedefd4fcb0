"""Run a tracker on a data set, or on a video of your own."""

from __future__ import annotations

import sys

from ltr_ext import host
from ltr_ext.errors import run_command
from tracker_ext.commands.track import main

if __name__ == "__mp_main__":  # a spawned worker
    host.resolve()

if __name__ == "__main__":
    sys.exit(run_command(main))
