"""Score a data set: a tracker's stored results, the masks that box2mask makes of the true boxes, the paper's tables."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import settings
from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.output import OutputFolder

EXAMPLES = """examples:
  python run_evaluation.py demo
  python run_evaluation.py ~/data/my_clips --out results/my_clips
  python run_evaluation.py demo --results results/tracking_results/lwl/box2mask_init
  python run_evaluation.py got10k_val --results LWL=results/a box2mask=results/b --out results/compared
  python run_evaluation.py got10k_test --results results/tracking_results/lwl/box2mask_init --pack got10k.zip

the paper's tables, its numbers beside one's own (tableN is short for --table N):
  python run_evaluation.py table1                   frames T, on those of yt300, dv2017_val, clips that are there
  python run_evaluation.py table9 ~/data/my_clips --every 4
      also table2 components (see --variant), table8 iterations, table10 and table11 interval
  python run_evaluation.py table5 --results mine=results/tracking_results/lwl/box2mask_init
      also table3 weak supervision (yt300), table6 TrackingNet; of these two, and of
  python run_evaluation.py table4 --results mine=workspace/analysis/first.json          (VOT2020: vot analysis)
  python run_evaluation.py table7 --results mine=server.json                            ({"J&F mean": 80.6})
      what a toolkit or a server scored is read from JSON
"""
PRESENT = {"yt300": "youtubevos_dir", "dv2017_val": "davis_dir", "clips": "clips_dir"}
"""What a table without a data set is run on -> the setting that says it is there."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument(
        "dataset", nargs="?", help="data set by name (demo, clips, dv2017_val, ...), or a folder in DAVIS layout"
    )
    command.add_argument(
        "--results",
        metavar="[NAME=]DIR",
        nargs="+",
        action="extend",
        default=[],
        help="score these: boxes DIR/<seq>.txt or DIR/<seq>_<id>.txt, masks DIR/masks/<seq>/<frame>.png or where "
        "run_tracker.py puts them, or a zip of such a folder; several are compared; without it box2mask is run on the "
        "true boxes",
    )
    command.add_argument("--masks", metavar="DIR", help="folder of the masks, if they are not with the boxes")
    command.add_argument(
        "--out",
        metavar="DIR",
        help="folder for tables (Markdown, CSV, LaTeX), plots (PNG, TikZ), overlays and contact sheet (default: "
        "DIR/report of a single --results; of a zip, NAME_report beside it; else none)",
    )
    command.add_argument("--label", help="name of the results in the table (default: NAME, else that of the folder)")
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
        help="a table of the paper: 1, 2, 8, 9, 10, 11 are run (some two minutes a row and 1000 frames, see --every), "
        "3 to 7 take --results",
    )
    command.add_argument(
        "--variant", action="append", default=[], metavar="NAME=FILE", help="weights of a variant, for table 2"
    )
    command.add_argument("--every", type=int, default=1, metavar="K", help="tables: frames of every K-th window only")
    command.add_argument(
        "--pack",
        metavar="FILE.zip",
        help="write the archive that the server of got10k_test, trackingnet, yt2019_valid (and other YouTube-VOS sets) "
        "or dv2017_test_dev takes; of got10k_test up to three --results, one per repetition",
    )
    command.add_argument("--host", choices=host.CHOICES, default="auto", help="what to run on (default: auto)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the data set, score; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    short = re.fullmatch(r"table(\d+)", words[0]) if words else None
    args, beyond = parser().parse_known_args(["--table", short[1], *words[1:]] if short else words)
    if beyond:
        raise UserError(f"{beyond[0]}: not understood beside {words[0]}; tables are table1 to table11, see --help")
    check(args)
    print(f"host: {host.resolve(args.host)}")
    if args.table:
        print_table(args)
        return 0
    from tracker_ext.tracker_handle import find_sequences

    sequences = find_sequences(args.dataset)
    if not args.results:
        evaluate_boxes(args, sequences)
        return 0
    from tracker_ext.evaluation.pack import pack
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.evaluation.report import report_run, report_runs

    given, protocol = named_results(args.results, args.label), protocol_of(args.dataset)
    with opened(given) as runs:
        roots = {name: (Path(args.masks) if args.masks else find_masks(path), path) for name, path in runs.items()}
        if args.pack:
            pack(args.dataset, sequences, list(roots.values()), Path(args.pack), settings.load().youtubevos_dir)
        elif len(runs) > 1:
            report_runs(sequences, roots, Path(args.out) if args.out else None, protocol)
        else:
            ((label, path),) = given.items()
            report = path / "report" if path.is_dir() else path.with_name(f"{path.stem}_report")
            report_run(sequences, *roots[label], Path(args.out) if args.out else report, label, protocol)
    return 0


def check(args: argparse.Namespace) -> None:
    """Refuse what does not go together.

    Raises:
        UserError: it does not.
    """
    if args.masks and (args.table or args.pack or len(args.results) != 1):
        raise UserError(f"--masks {args.masks}: goes with --results, one folder of boxes, and with no table")
    if args.pack and (args.table or not args.results):
        raise UserError(f"--pack {args.pack}: goes with --results, the folders to pack")
    for option in ("frames", "interval", "every", "grabcut_frames"):
        if (value := getattr(args, option)) is not None and value < 1:
            raise UserError(f"--{option.replace('_', '-')} {value}: must be at least 1")
    if args.dataset is None and not args.table:
        raise UserError("data set: none given; name one (demo, clips, ...) or a folder in DAVIS layout, see --help")
    if args.table:
        from tracker_ext.evaluation.paper_results import RESULT_TABLES
        from tracker_ext.evaluation.paper_tables import TABLES

        known = sorted({*TABLES, *RESULT_TABLES}, key=int)
        if args.table not in known:
            raise UserError(f"--table {args.table}: not one of {', '.join(known)}")
        if args.results and args.table in TABLES:
            raise UserError(f"--table {args.table}: is run here and takes no --results; those go with tables 3 to 7")


def print_table(args: argparse.Namespace) -> None:
    """Print a table of the paper, and write it if asked to."""
    from tracker_ext.annotation.api import weight_file
    from tracker_ext.evaluation.paper_results import RESULT_TABLES, result_table
    from tracker_ext.evaluation.paper_tables import TABLES, run_table
    from tracker_ext.tracker_handle import find_sequences

    grids = {}
    if args.table in RESULT_TABLES:
        with opened(named_results(args.results, args.label)) as runs:
            grids[f"table_{args.table}"] = result_table(args.table, runs, find_sequences, find_masks, args.dataset)
    else:
        datasets = [args.dataset] if args.dataset else present_datasets(args.table, TABLES[args.table].datasets)
        variants = dict(parse_variant(text) for text in args.variant)
        for dataset in datasets:
            sequences, name = find_sequences(dataset), Path(dataset).name
            stem = f"table_{args.table}" if len(datasets) == 1 else f"table_{args.table}_{name}"
            grids[stem] = run_table(args.table, name, sequences, weight_file(args.weights), variants, args.every)
    for grid in grids.values():
        print(f"\n{grid.markdown()}")
    if args.out:
        with OutputFolder(args.out) as work:
            for stem, grid in grids.items():
                grid.write(work, stem)
        print(f"written: {args.out} ({', '.join(f'{stem}.md, .csv, .tex' for stem in grids)})")


def present_datasets(table: str, wanted: Sequence[str]) -> list[str]:
    """The data sets of a table, and `clips`, that the settings name.

    Raises:
        UserError: none.
    """
    paths = settings.load()
    fields = {name: PRESENT[name] for name in (*wanted, "clips")}
    found = [name for name, field in fields.items() if getattr(paths, field) is not None]
    if not found:
        raise UserError(
            f"table {table}: no data set given, and none of {', '.join(fields.values())} is set in {paths.source}; set "
            "one, or name a folder in DAVIS layout"
        )
    return found


def named_results(texts: Sequence[str], label: str | None = None) -> dict[str, Path]:
    """`[NAME=]PATH`, ... -> name -> path; without a name that of the folder.

    Raises:
        UserError: a name twice.
    """
    runs: dict[str, Path] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        named = bool(equals) and not Path(text).exists()
        path = Path(rest if named else text).expanduser()
        key = label if label and len(texts) == 1 else name if named else path.resolve().name.removesuffix(".zip")
        if key in runs:
            raise UserError(f"--results {text}: a second {key}; name them, NAME=DIR")
        runs[key] = path
    return runs


@contextmanager
def opened(given: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """The folders of results, zips unpacked for as long as the context lasts; JSON files as they are."""
    from tracker_ext.evaluation.archives import open_results

    with ExitStack() as stack:
        yield {
            name: path if path.suffix == ".json" and path.is_file() else stack.enter_context(open_results(path))
            for name, path in given.items()
        }


def evaluate_boxes(args: argparse.Namespace, sequences: list[Any]) -> None:
    """Score what box2mask makes of the true boxes."""
    from ltr_ext.weights import file_hash
    from tracker_ext.annotation import AnnotateConfig
    from tracker_ext.annotation.api import load_box2mask, weight_file
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.evaluation.report import report_from_boxes

    weights = weight_file(args.weights)
    net = None if args.no_box2mask else load_box2mask(weights)
    if net is not None:
        print(f"weights: {weights} ({file_hash(weights)}), device {next(net.parameters()).device}")
    config = AnnotateConfig(num_frames=args.frames, interval=args.interval, tolerance=0.0)
    out, protocol = Path(args.out) if args.out else None, protocol_of(args.dataset)
    report_from_boxes(sequences, net, config, out, args.grabcut_frames, protocol)


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


if __name__ == "__main__":
    sys.exit(run_command(main))
