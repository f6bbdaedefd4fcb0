"""The commands: each module has its command line, `parser`, and `main`, which parses, calls and gives the exit code.

A script `run_*.py` in a checkout and a subcommand of `box2mask` are two ways to the same module.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process; under torchrun, where it is one of several, in the way that torchrun takes for an end."""
    if "WORLD_SIZE" in os.environ:
        from ltr_ext.distributed import end_process

        end_process(code)
    sys.exit(code)
