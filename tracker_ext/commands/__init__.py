"""The commands: each module has its command line, `parser`, and `main`, which parses, calls and gives the exit code.

A script `run_*.py` in a checkout and a subcommand of `box2mask` are two ways to the same module.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import NoReturn

from ltr_ext.errors import EXIT_USER_ERROR

if find_spec("fcntl") is None:  # before a module that needs it is imported
    print("error: this system (Windows?) has no file locks; run box2mask in WSL 2: docs/install.md", file=sys.stderr)
    sys.exit(EXIT_USER_ERROR)


def leave(code: int) -> NoReturn:
    """End the process; under torchrun, where it is one of several, in the way that torchrun takes for an end."""
    if "WORLD_SIZE" in os.environ:
        from ltr_ext.distributed import end_process

        end_process(code)
    sys.exit(code)
