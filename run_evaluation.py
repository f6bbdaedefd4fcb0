"""Score a data set: a tracker's stored results, the masks that box2mask makes of the true boxes, the paper's tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import UserError, run_command
from ltr_ext.output import OutputFolder

EXAMPLES = """examples:
  python run_evaluation.py demo
  python run_evaluation.py ~/data/my_clips --out results/my_clips
  python run_evaluation.py ~/data/my_clips --table 1
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
        "run_tracker.py puts them, or a zip of such a folder; without it box2mask is run on the true boxes",
    )
    command.add_argument("--masks", metavar="DIR", help="folder of the masks, if they are not with the boxes")
    command.add_argument(
        "--out",
        metavar="DIR",
        help="folder for table, overlays and contact sheet (default: DIR/report of --results; of a zip, "
        "NAME_report beside it; else none)",
    )
    command.add_argument("--label", help="name of the results in the table (default: name of the folder)")
    command.add_argument(
        "--frames", type=int, default=9, help="T, frames that box2mask sees together (default %(default)s)"
    )
    command.add_argument(
        "--interval",
        type=int,
        default=5,
        help="D, frames from one of them to the next (default %(default)s, as for DAVIS)",
    )
    command.add_argument("--weights", metavar="FILE", help="box2mask weights (default: those that ship)")
    command.add_argument("--no-box2mask", action="store_true", help="the baselines alone")
    command.add_argument(
        "--grabcut-frames", type=int, metavar="N", help="frames per sequence (default: 2 to 10, a minute or so in all)"
    )
    command.add_argument(
        "--table",
        metavar="N",
        help="run a table of the paper: 1 frames, 2 components (see --variant), 8 iterations, "
        "9 crop scale, 10 interval; some two minutes a row and 1000 frames, see --every",
    )
    command.add_argument(
        "--variant", action="append", default=[], metavar="NAME=FILE", help="weights of a variant, for table 2"
    )
    command.add_argument("--every", type=int, default=1, metavar="K", help="tables: frames of every K-th window only")
    command.add_argument("--host", choices=host.CHOICES, default="auto", help="what to run on (default: auto)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the data set, score; returns the exit code."""
    args = parser().parse_args(arguments)
    if args.masks and not args.results:
        raise UserError(f"--masks {args.masks}: goes with --results, the folder of the boxes")
    for option in ("frames", "interval", "every", "grabcut_frames"):
        if (value := getattr(args, option)) is not None and value < 1:
            raise UserError(f"--{option.replace('_', '-')} {value}: must be at least 1")
    if args.table:
        from tracker_ext.evaluation.paper_tables import TABLES

        if args.table not in TABLES:
            raise UserError(f"--table {args.table}: not one of {', '.join(TABLES)}")
    print(f"host: {host.resolve(args.host)}")
    from tracker_ext.evaluation.report import report_run

    sequences = load_sequences(args.dataset)
    if args.results is None:
        evaluate_boxes(args, sequences)
        return 0
    from tracker_ext.evaluation.archives import open_results

    given = Path(args.results)
    with open_results(given) as results:
        masks = Path(args.masks) if args.masks else find_masks(results)
        report = given / "report" if given.is_dir() else given.with_name(f"{given.stem}_report")
        out = Path(args.out) if args.out else report
        report_run(sequences, masks, results, out, args.label or given.resolve().name.removesuffix(".zip"))
    return 0


def evaluate_boxes(args: argparse.Namespace, sequences: list) -> None:
    """Score what box2mask makes of the true boxes, or run a table of the paper."""
    from ltr_ext.weights import file_hash
    from tracker_ext.annotation import AnnotateConfig
    from tracker_ext.annotation.api import load_box2mask, weight_file
    from tracker_ext.evaluation.paper_tables import run_table
    from tracker_ext.evaluation.report import report_from_boxes

    weights = weight_file(args.weights)
    if args.table:
        variants = dict(parse_variant(text) for text in args.variant)
        text = run_table(args.table, sequences, weights, variants, args.every)
        print(f"\n{text}")
        if args.out:
            with OutputFolder(args.out) as work:
                (work / f"table_{args.table}.md").write_text(text, encoding="utf-8")
        return
    net = None if args.no_box2mask else load_box2mask(weights)
    if net is not None:
        print(f"weights: {weights} ({file_hash(weights)}), device {next(net.parameters()).device}")
    config = AnnotateConfig(num_frames=args.frames, interval=args.interval, tolerance=0.0)
    report_from_boxes(sequences, net, config, Path(args.out) if args.out else None, args.grabcut_frames)


def parse_variant(text: str) -> tuple[str, Path]:
    """`NAME=FILE` -> (variant, weight file)."""
    from ltr_ext.models.box2mask.config import VARIANTS

    name, equals, file = text.partition("=")
    if not equals or name not in VARIANTS:
        raise UserError(f"--variant {text}: write NAME=FILE with NAME one of {', '.join(VARIANTS)}")
    return name, Path(file)


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
    if name not in tracker_handle.dataset_dict and ("/" in name or name.startswith("~")) and not Path(name).is_dir():
        raise UserError(f"data set {name}: no such folder; check the path, or name a data set")
    if name not in tracker_handle.dataset_dict and Path(name).is_dir():
        return DavisFolderDataset(Path(name), name=Path(name).resolve().name).get_sequence_list()
    return tracker_handle.load_sequences(name)


if __name__ == "__main__":
    sys.exit(run_command(main))
