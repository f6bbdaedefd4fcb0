"""Draw boxes on a video, see its masks, mend them: in the browser, on this machine, without a network."""

from __future__ import annotations

import sys

from ltr_ext.errors import run_command
from tracker_ext.commands.edit import main

if __name__ == "__main__":
    sys.exit(run_command(main))
