"""Writes a workspace of the VOT toolkit: its configuration, our trackers, and sequences made from a data set."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.output import OutputFolder
from ltr_ext.paths import REPOSITORY, SETTINGS_VARIABLE
from tracker_ext.vot.anchors import eao_window
from tracker_ext.vot.session import KINDS, Kind, kind_given

STACKS: dict[str, Kind] = {
    "vot2020/shortterm": "mask",
    "vot2021/shortterm": "mask",
    "vot2022/shortterm": "mask",
    "vot2022/shorttermbox": "rectangle",
}
"""The toolkit's stacks with one object and several starts, with the kind of their ground truth."""
TRACKERS: dict[Kind, tuple[str, ...]] = {
    "mask": ("lwl/default", "lwl/box2mask_init"),
    "rectangle": ("lwl/box2mask_init",),
}
"""The trackers that are entered by default, by kind of ground truth."""
EXPERIMENTS = ("baseline", "realtime", "unsupervised")
"""The experiments of VOT2020: several starts; the same at the speed of the video; a single start without restarts."""
SPACING = 20
TIMEOUT = 300
"""Seconds for which the toolkit waits for an answer; its default of 30 is too short for a picture with many objects on
a slow machine."""

EXAMPLES = """examples:
  python -m tracker_ext.vot.workspace vot_demo --dataset demo
  python -m tracker_ext.vot.workspace vot_demo_boxes --dataset demo --truth rectangle
  python -m tracker_ext.vot.workspace vot2020 --stack vot2020/shortterm     (the toolkit downloads at its first command)
  python -m tracker_ext.vot.workspace vot2020 --tracker lwl/default         (a workspace that vot initialize made)
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(
        prog="python -m tracker_ext.vot.workspace",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("folder", metavar="DIR", help="the workspace; new, or made by vot initialize")
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--dataset",
        metavar="NAME",
        help="make the sequences from this data set (demo, clips, dv2017_val, ...), or a folder in DAVIS layout",
    )
    source.add_argument("--stack", choices=STACKS, help="a stack of the toolkit")
    command.add_argument(
        "--sequences", metavar="DIR", help="with --stack: sequences in VOT layout that you have already"
    )
    command.add_argument("--truth", choices=KINDS, help="with --dataset: ground truth (default mask)")
    command.add_argument(
        "--spacing",
        type=int,
        metavar="N",
        help=f"with --dataset: frames between anchors (default {SPACING}; VOT2020: 50)",
    )
    command.add_argument(
        "--experiments",
        metavar="LIST",
        help=f"with --dataset: some of {','.join(EXPERIMENTS)} (default: all; the analysis wants results of each)",
    )
    command.add_argument(
        "--tracker",
        action="append",
        metavar="NAME/PARAMETER",
        help="tracker to enter, several times for several (default: lwl/default, and lwl/box2mask_init from boxes)",
    )
    command.add_argument("--host", choices=host.CHOICES, default="auto", help="what to run on (default: auto)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Check the command line and the trackers, then write the workspace; returns the exit code."""
    args = parser().parse_args(arguments)
    folder = Path(args.folder)
    refuse_contradictions(args, folder)
    chosen = host.resolve(args.host)
    print(f"host: {chosen}")
    truth: Kind = STACKS[args.stack] if args.stack else args.truth or "mask"
    names = args.tracker or TRACKERS[truth]
    check_trackers(names, truth)
    entries = trackers_ini(names, truth, chosen)
    if args.dataset is None and args.stack is None:
        (folder / "trackers.ini").write_text(entries, encoding="utf-8")
    else:
        with OutputFolder(folder) as work:
            (work / "trackers.ini").write_text(entries, encoding="utf-8")
            if args.stack:
                sequences = str(Path(args.sequences).resolve()) if args.sequences else "sequences"
                config = config_yaml(args.stack, sequences)
            else:
                config = config_yaml("./stack.yaml", "sequences")
                write_dataset(work, args.dataset, truth, args.spacing or SPACING, experiments_of(args.experiments))
            (work / "config.yaml").write_text(config, encoding="utf-8")
    print(next_steps(folder, names))
    return 0


def refuse_contradictions(args: argparse.Namespace, folder: Path) -> None:
    """Refuse options that do not go together, and a workspace whose files would be lost.

    Raises:
        UserError: the message has the remedy.
    """
    if args.sequences and not args.stack:
        raise UserError(f"--sequences {args.sequences}: goes with --stack")
    if args.sequences and not (Path(args.sequences) / "list.txt").is_file():
        raise UserError(
            f"--sequences {args.sequences}: no list.txt in it; give the folder with the sequences in VOT layout"
        )
    for option in ("truth", "spacing", "experiments"):
        if getattr(args, option) is not None and args.dataset is None:
            raise UserError(f"--{option} {getattr(args, option)}: goes with --dataset")
    if args.spacing is not None and args.spacing < 1:
        raise UserError(f"--spacing {args.spacing}: must be at least 1")
    experiments_of(args.experiments)
    entries = folder / "trackers.ini"
    if args.dataset is None and args.stack is None:
        if not (folder / "config.yaml").is_file():
            raise UserError(f"workspace {folder}: not there yet; say what is to be in it, --dataset or --stack")
        if entries.is_file() and entries.read_text(encoding="utf-8").strip():
            raise UserError(f"{entries}: has trackers in it; move it away, or add the tracker by hand (docs/vot.md)")
    elif folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"workspace {folder}: has files in it; name a new folder")


def experiments_of(text: str | None) -> tuple[str, ...]:
    """Split `a,b` into names of experiments; None means all.

    Raises:
        UserError: a name is unknown.
    """
    names = EXPERIMENTS if text is None else tuple(text.split(","))
    for name in names:
        if name not in EXPERIMENTS:
            raise UserError(f"--experiments {text}: {name} is none of {', '.join(EXPERIMENTS)}")
    return names


def check_trackers(names: Sequence[str], truth: Kind) -> None:
    """Load every tracker once, as the toolkit will start it.

    Raises:
        UserError: a tracker is unknown, has no weights, is named twice, or starts from a mask while the ground truth is
            rectangles.
    """
    from tracker_ext.tracker.for_video import build_tracker
    from tracker_ext.tracker_handle import TrackerHandle

    for name in names:
        tracker, slash, parameter = name.partition("/")
        if not (tracker and slash and parameter):
            raise UserError(f"--tracker {name}: is not NAME/PARAMETER, such as lwl/default")
        if list(names).count(name) > 1:
            raise UserError(f"--tracker {name}: given twice; give it once")
        if kind_given(build_tracker(TrackerHandle(tracker, parameter), several=False)) == "mask" and truth != "mask":
            raise UserError(f"--tracker {name}: starts from a mask, the ground truth is boxes; take lwl/box2mask_init")


def trackers_ini(names: Sequence[str], truth: Kind, chosen: host.Host) -> str:
    """The tracker entries for the toolkit.

    The toolkit splits the command like a shell, therefore the quotes; `%` is special in the file. The toolkit runs the
    command in a temporary folder, so paths are absolute.

    Args:
        names: trackers as `NAME/PARAMETER`.
        truth: kind of the ground truth. If it is rectangles, the trackers report rectangles, since masks would get
            lower scores.
        chosen: the host on which they run.
    """
    environment = {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    for variable in (SETTINGS_VARIABLE, host.HOME_VARIABLE):
        if os.environ.get(variable):
            environment[variable] = str(Path(os.environ[variable]).expanduser().resolve())
    lines = []
    for name in names:
        tracker, parameter = name.split("/", 1)
        command = [sys.executable, "-m", "tracker_ext.vot.run", tracker, parameter, "--host", chosen.name]
        if truth == "rectangle":
            command += ["--report", "rectangle"]
        fields = {
            "label": f"{tracker} {parameter}",
            "protocol": "trax",
            "command": shlex.join(command),
            "timeout": TIMEOUT,
            **{f"env_{variable}": value for variable, value in environment.items()},
        }
        lines += [
            f"[{identifier(name)}]",
            *(f"{key} = {str(value).replace('%', '%%')}" for key, value in fields.items()),
            "",
        ]
    return "\n".join(lines)


def identifier(name: str) -> str:
    """The toolkit's name of a tracker, which may have only letters, digits, - and _."""
    return name.replace("/", "_").replace(".", "_")


def config_yaml(stack: str, sequences: str) -> str:
    """The contents of `config.yaml`; paths are relative to the workspace."""
    return f"registry:\n- ./trackers.ini\nstack: {stack}\nsequences: {json.dumps(sequences)}\n"


def stack_yaml(title: str, low: int, high: int, experiments: Sequence[str] = EXPERIMENTS) -> str:
    """The contents of `stack.yaml`: experiments of `vot2020/shortterm`, with another interval for EAO.

    Args:
        title: title of the report.
        low: see `eao_window`.
        high: see `eao_window`.
        experiments: some of `EXPERIMENTS`.
    """
    multistart = f"""    analyses:
    - {{type: multistart_eao_score, name: eaoscore, low: {low}, high: {high}}}
    - {{type: multistart_eao_curve, name: eaocurve, high: {high}}}
    - {{type: multistart_average_ar, name: ar}}
"""
    bodies = {
        "baseline": f"    type: multistart\n{multistart}",
        "realtime": f"    type: multistart\n    realtime: {{grace: 3}}\n{multistart}",
        "unsupervised": "    type: unsupervised\n    repetitions: 1\n    analyses:\n"
        "    - {type: average_accuracy, name: accuracy, burnin: 1}\n",
    }
    entries = "".join(f"  {name}:\n{body}" for name, body in bodies.items() if name in experiments)
    return f"title: {json.dumps(title)}\nexperiments:\n{entries}"


def write_dataset(work: Path, dataset: str, truth: Kind, spacing: int, experiments: Sequence[str]) -> None:
    """Write `sequences/` and `stack.yaml`.

    Raises:
        UserError: the data set is unknown or has no masks.
    """
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.vot.sequences import write_sequences

    given = find_sequences(dataset)
    (work / "sequences").mkdir()
    lengths = write_sequences(work / "sequences", given, truth=truth, spacing=spacing)
    low, high = eao_window(lengths)
    (work / "stack.yaml").write_text(
        stack_yaml(f"box2mask, {Path(dataset).name}", low, high, experiments), encoding="utf-8"
    )
    print(f"{len(lengths)} runs of {min(lengths)} to {max(lengths)} frames; EAO over {low} to {high - 1}")


def next_steps(folder: Path, names: Sequence[str]) -> str:
    """The commands that the user needs next."""
    entries = " ".join(identifier(name) for name in names)
    return f"""workspace: {folder}
next, with the toolkit's own environment active (docs/vot.md):
  cd {shlex.quote(str(folder))}
  vot test {identifier(names[0])}
  vot evaluate {entries}
  vot analysis {entries} --name first
  vot report {entries} --name first"""


if __name__ == "__main__":
    sys.exit(run_command(main))
