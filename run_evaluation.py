"""Score masks and boxes of a data set: a tracker's stored results, or what the boxes alone give."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import UserError, run_command

EXAMPLES = """examples:
  python run_evaluation.py demo
  python run_evaluation.py ~/data/my_clips --out results/my_clips
  python run_evaluation.py demo --results results/tracking_results/lwl/box2mask_init
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("dataset", help="data set by name (demo, clips, dv2017_val, ...), or a folder in DAVIS layout")
    command.add_argument(
        "--results",
        metavar="DIR",
        help="score these: boxes DIR/<seq>.txt or DIR/<seq>_<id>.txt, masks DIR/masks/<seq>/<frame>.png or where "
        "run_tracker.py puts them; without it the baselines alone are scored",
    )
    command.add_argument("--masks", metavar="DIR", help="folder of the masks, if they are not with the boxes")
    command.add_argument("--out", metavar="DIR", help="folder for table, overlays and contact sheet")
    command.add_argument("--label", help="name of the results in the table (default: name of the folder)")
    command.add_argument("--host", choices=host.CHOICES, default="auto", help="what to run on (default: auto)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the data set, score; returns the exit code."""
    args = parser().parse_args(arguments)
    if args.masks and not args.results:
        raise UserError(f"--masks {args.masks}: goes with --results, the folder of the boxes")
    print(f"host: {host.resolve(args.host)}")
    from tracker_ext.evaluation.report import report_baselines, report_run

    sequences = load_sequences(args.dataset)
    if args.results is None:
        report_baselines(sequences, Path(args.out) if args.out else None)
        return 0
    results = Path(args.results)
    if not results.is_dir():
        raise UserError(f"--results {results}: is not a folder; give the folder with the <sequence>.txt files")
    masks = Path(args.masks) if args.masks else find_masks(results)
    out = Path(args.out) if args.out else results / "report"
    report_run(sequences, masks, results, out, args.label or results.resolve().name)
    return 0


def find_masks(results: Path) -> Path:
    """Where the masks of a folder of boxes are: inside it, or where `run_tracker.py` puts them."""
    if (results / "masks").is_dir():
        return results / "masks"
    place = results.resolve()
    if len(place.parts) > 3 and place.parents[1].name == "tracking_results":
        return place.parents[2] / "segmentation_results" / place.parent.name / place.name
    return results


def load_sequences(name: str) -> list:
    """The sequences of a data set, by name or folder; a name goes first, `./name` is always a folder.

    Raises:
        UserError: no such data set.
    """
    from tracker_ext import tracker_handle
    from tracker_ext.evaluation.datasets import DavisFolderDataset
    from tracker_ext.registration import register

    register()
    if name not in tracker_handle.dataset_dict and Path(name).is_dir():
        return DavisFolderDataset(Path(name), name=Path(name).resolve().name).get_sequence_list()
    return tracker_handle.load_sequences(name)


if __name__ == "__main__":
    sys.exit(run_command(main))
