"""Compare trackers, and reference points beside them, on one data set: quality, speed, memory in one table."""

from __future__ import annotations

import argparse
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.command import check_named

EXAMPLES = """examples:
  python run_evaluation.py compare ~/data/my_clips
  python run_evaluation.py compare demo --trackers lwl:box2mask_init --sequences dog
  python run_evaluation.py compare ~/data/my_clips --start mask --out results/from_masks

Results that are there are not made again: give the command once more to go on after a stop, or with a tracker more.
"""


def parser() -> CommandLine:
    """The command line."""
    line = CommandLine(
        prog="run_evaluation.py compare",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("dataset", help="data set by name (demo, dv2017_val, ...), or a folder in DAVIS layout")
    line.add_argument(
        "--trackers",
        metavar="NAME:PARAMETER",
        nargs="+",
        help="these alone, the first is what the others are compared with (default: all of box2mask's own whose "
        "weights are there, compared with the best)",
    )
    line.add_argument(
        "--start",
        choices=("box", "mask"),
        default="box",
        help="what trackers are given on an object's first frame: its box, of which box2mask makes a mask for those "
        "that need one, or its true mask (default %(default)s)",
    )
    line.add_argument("--sequences", metavar="S", nargs="+", default=[], help="these sequences alone")
    line.add_argument("--no-references", action="store_true", help="trackers alone, no reference points")
    line.add_argument(
        "--grabcut-frames",
        type=int,
        default=10,
        metavar="N",
        help="frames that GrabCut is tried on, per sequence (default %(default)s)",
    )
    line.add_argument(
        "--out",
        metavar="DIR",
        help="folder for results and report (default: compare/NAME_START in results_dir of settings/paths.toml)",
    )
    line.add_argument("--host", choices=host.CHOICES, default="auto", help=host.OPTION_HELP)
    return line


def main(arguments: list[str]) -> int:
    """Parse, check, compare; returns the exit code."""
    args = parser().parse_args(arguments)
    if args.grabcut_frames < 1:
        raise UserError(f"--grabcut-frames {args.grabcut_frames}: must be at least 1")
    trackers = None if args.trackers is None else tuple(tracker_and_parameter(text) for text in args.trackers)
    check_named(args.dataset, args.host)
    name = Path(args.dataset).expanduser().resolve().name
    out = Path(args.out) if args.out else load_paths().results_dir / "compare" / f"{name}_{args.start}"
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: is a file; name a folder")
    print(f"host: {host.resolve(args.host)}")
    from tracker_ext.systems.command import Comparison, compare
    from tracker_ext.systems.references import REFERENCES

    compare(
        Comparison(
            dataset=args.dataset,
            start=args.start,
            out=out,
            trackers=trackers,
            references=() if args.no_references else tuple(REFERENCES),
            sequences=tuple(args.sequences),
            grabcut_frames=args.grabcut_frames,
        )
    )
    return 0


def tracker_and_parameter(text: str) -> tuple[str, str]:
    """The two names of `lwl:box2mask_init`.

    Raises:
        UserError: it has another form.
    """
    tracker, colon, parameter = text.partition(":")
    if not (tracker and colon and parameter):
        raise UserError(f"--trackers {text}: write NAME:PARAMETER, as in lwl:box2mask_init")
    return tracker, parameter
