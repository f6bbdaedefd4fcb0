"""Score a data set: a tracker's stored results, the masks that box2mask makes of the true boxes, the paper's tables."""

from __future__ import annotations

import sys

from ltr_ext.errors import run_command
from tracker_ext.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(run_command(main))
