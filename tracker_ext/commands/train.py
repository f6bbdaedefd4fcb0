"""Train a network: `python run_training.py MODULE NAME` runs `ltr_ext/train_settings/MODULE/NAME.py`."""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError
from ltr_ext.text import unknown

TRAIN_SETTINGS = Path(__file__).resolve().parents[2] / "ltr_ext" / "train_settings"

EXAMPLE = """example:
  python run_training.py box2mask lite
      trains the small network on synthetic video; stop it with Ctrl-C, the same command goes on where it stopped
"""

if __name__ == "__mp_main__":  # a spawned worker; the choice is in the environment
    host.resolve()


def known_settings(folder: Path = TRAIN_SETTINGS) -> dict[str, str]:
    """Our train settings.

    Returns:
        "<module> <name>" -> first line of the file's docstring, sorted.
    """
    files = sorted(path for path in folder.glob("*/*.py") if not path.stem.startswith("_"))
    return {f"{path.parent.name} {path.stem}": _first_line(path) for path in files}


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return docstring.splitlines()[0] if docstring else ""


class TrainingLine(CommandLine):
    """Names the train settings where one is missing."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        super().error(f"{message}; known are {', '.join(known_settings())}" if "required" in message else message)


def parser() -> argparse.ArgumentParser:
    """The command line; `--help` lists the train settings."""
    known = known_settings()
    indent = " " * (4 + max(map(len, known), default=0))
    width = max(40 + len(indent), shutil.get_terminal_size().columns - 2)
    lines = [
        textwrap.fill(
            line, width, initial_indent=f"  {name}".ljust(len(indent)), subsequent_indent=indent, break_on_hyphens=False
        )
        for name, line in known.items()
    ]
    listing = "\n".join(["train settings:", *lines, ""])
    line = TrainingLine(
        prog="run_training.py",
        description="Train a network. An interrupted training goes on where it stopped, to the same weights.",
        epilog=f"{listing}\n{EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("module", metavar="MODULE", help="folder in ltr_ext/train_settings, for example box2mask")
    line.add_argument("name", metavar="NAME", help="file in it, for example lite")
    line.add_argument("--host", choices=host.CHOICES, default="auto", help=host.OPTION_HELP)
    line.add_argument(
        "--workspace",
        type=Path,
        metavar="DIR",
        help="folder of checkpoints, TensorBoard files and, without photographs, the pictures that are drawn (default: "
        "workspace_dir of settings/paths.toml, else workspace/)",
    )
    line.add_argument("--seed", type=int, default=0, metavar="N", help="seed of data and weights (default: 0)")
    line.add_argument(
        "--fresh", action="store_true", help="set earlier checkpoints aside and begin anew (default: go on)"
    )
    line.add_argument(
        "--max-iterations",
        type=int,
        metavar="N",
        help="stop, with a checkpoint, after N training iterations, those of earlier runs counted (default: train to "
        "the end)",
    )
    return line


def check_setting(module: str, name: str) -> None:
    """Refuse a train setting that neither we nor the host have; looks at files alone, for an answer at once.

    Raises:
        UserError: lists the known ones, and says which was probably meant.
    """
    known = known_settings()
    theirs = host.resolve().home / "ltr" / "train_settings" / module / f"{name}.py"
    plain = module.isidentifier() and name.isidentifier()
    if f"{module} {name}" not in known and not (plain and theirs.is_file()):
        raise UserError(f"train setting {module} {name}: {unknown(f'{module} {name}', known)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, choose the host, hand over to it."""
    args = parser().parse_args(arguments)
    chosen = host.resolve(args.host)
    check_setting(args.module, args.name)
    if os.environ.get("RANK", "0") == "0":  # under torchrun one process speaks
        print(f"host: {chosen}")
    # these import the host
    from ltr.run_training import run_training

    from ltr_ext.trainers.options import RunOptions, set_run_options
    from tracker_ext.registration import register

    register()
    set_run_options(
        RunOptions(workspace=args.workspace, seed=args.seed, fresh=args.fresh, max_iterations=args.max_iterations)
    )
    run_training(args.module, args.name)
    return 0
