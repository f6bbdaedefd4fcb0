"""Bring masks into the formats of other programs: COCO, YOLO, cut-out objects, animated GIF and more."""

from __future__ import annotations

import sys

from ltr_ext.errors import run_command
from tracker_ext.commands.export import main

if __name__ == "__main__":
    sys.exit(run_command(main))
