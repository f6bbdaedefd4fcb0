"""The names of commands: `python run_annotate.py` in a checkout, `box2mask annotate` in an installation.

Messages and help texts are written with the names of the checkout; `as_called` replaces them by the right ones.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

INSTALLED = (Path(__file__).resolve().parent / "minihost").is_dir()
"""Whether this is an installed wheel rather than a checkout."""
PROGRAM = "box2mask"
SCRIPTS = {
    "annotate": "run_annotate.py",
    "track": "run_tracker.py",
    "edit": "run_editor.py",
    "export": "run_export.py",
    "evaluate": "run_evaluation.py",
    "train": "run_training.py",
}
"""Subcommand of `box2mask`, which is a module of `tracker_ext/commands/` -> its script in a checkout."""
_SUBCOMMANDS = {script: name for name, script in SCRIPTS.items()}
_SCRIPT = re.compile(rf"(?:python )?(?<![\w/.])({'|'.join(map(re.escape, _SUBCOMMANDS))})\b")


def is_one_program() -> bool:
    """Whether commands are subcommands of `box2mask`: this program was started, or there are no scripts."""
    return INSTALLED or Path(sys.argv[0]).stem == PROGRAM


def as_called(text: str) -> str:
    """Replace the names of scripts in a text by the names under which the user calls them."""
    if not is_one_program():
        return text
    return _SCRIPT.sub(lambda match: f"{PROGRAM} {_SUBCOMMANDS[match[1]]}", text)
