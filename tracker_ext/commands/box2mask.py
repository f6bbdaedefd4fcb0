"""Masks from boxes in video: one program for all commands, where box2mask is installed."""

from __future__ import annotations

import argparse
import importlib
import sys
from importlib.metadata import version
from importlib.util import find_spec
from typing import NoReturn

from ltr_ext.errors import CommandLine, run_command
from ltr_ext.program import PROGRAM, SCRIPTS
from tracker_ext.commands import leave

SUMMARIES = {
    "annotate": "boxes on the frames of videos into masks: a data set, a folder, one video",
    "track": "follow objects through a video from a box on its first frame",
    "edit": "draw boxes, see and mend masks, in the browser",
    "export": "masks into the formats of other programs: COCO, YOLO, GIF and more",
    "evaluate": "score masks and boxes of a data set, compare results, print the paper's tables",
    "train": "train a network",
}
EXAMPLES = """examples:
  box2mask track lwl box2mask_init demo
  box2mask annotate video clip.mp4 --boxes boxes.txt --out clip_masks
  box2mask annotate --help
"""


def parser() -> argparse.ArgumentParser:
    """The command line as far as the subcommand, which has one of its own."""
    width = max(map(len, SCRIPTS)) + 2
    listing = "".join(f"  {name:<{width}}{summary}\n" for name, summary in SUMMARIES.items())
    line = CommandLine(
        prog=PROGRAM,
        usage=f"{PROGRAM} [-h] [--version] COMMAND ...",
        description=__doc__,
        epilog=f"commands:\n{listing}\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("command", metavar="COMMAND", choices=tuple(SCRIPTS), help="one of those below; each has --help")
    line.add_argument("--version", action="store_true", help="print the version")
    return line


def main(arguments: list[str] | None = None) -> int:
    """Hand the command line over to the subcommand; returns its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words == ["--version"]:
        print(f"{PROGRAM} {version(PROGRAM)}")
        return 0
    command = parser().parse_args(words[:1]).command
    module = f"{__package__}.{command}"
    # A spawned worker begins with the module that this one names: there it finds the host, as it does in run_*.py.
    sys.modules["__main__"].__spec__ = find_spec(module)
    return importlib.import_module(module).main(words[1:]) or 0


def script() -> NoReturn:
    """What is installed as `box2mask`."""
    leave(run_command(main))
