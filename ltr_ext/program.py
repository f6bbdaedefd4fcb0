"""What a command is called where it runs: `python run_annotate.py` in a checkout, `box2mask annotate` where installed.

Messages and help texts are written for the checkout, and pass through `as_called` on their way to the user.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

INSTALLED = (Path(__file__).resolve().parent / "minihost").is_dir()
"""Whether this is an installed wheel and no checkout."""
PROGRAM = "box2mask"
SCRIPTS = {
    "annotate": "run_annotate.py",
    "track": "run_tracker.py",
    "edit": "run_editor.py",
    "export": "run_export.py",
    "evaluate": "run_evaluation.py",
    "train": "run_training.py",
}
"""Subcommand of `box2mask`, a module of `tracker_ext/commands/` -> its script in a checkout."""
_SUBCOMMANDS = {script: name for name, script in SCRIPTS.items()}
_SCRIPT = re.compile(rf"(?:python )?(?<![\w/.])({'|'.join(map(re.escape, _SUBCOMMANDS))})\b")


def is_one_program() -> bool:
    """Whether the commands are those of `box2mask`: it was started, or there are no scripts."""
    return INSTALLED or Path(sys.argv[0]).stem == PROGRAM


def as_called(text: str) -> str:
    """A text that names the scripts of a checkout, in the names that are right here."""
    if not is_one_program():
        return text
    return _SCRIPT.sub(lambda match: f"{PROGRAM} {_SUBCOMMANDS[match[1]]}", text)
