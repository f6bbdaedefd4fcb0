"""Turn boxes on the frames of videos into masks: a whole data set, a folder, or one video."""

from __future__ import annotations

import sys

from ltr_ext.errors import run_command
from tracker_ext.commands.annotate import main

if __name__ == "__main__":
    sys.exit(run_command(main))
