"""What `run_evaluation.py` does with its command line: check it, then score, compare, pack or print a table.

`check` imports nothing slow, so a mistyped path or name is reported at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ltr_ext import host
from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.archives import check_results, open_results
from tracker_ext.evaluation.dataset_names import check_dataset, setting_of
from tracker_ext.evaluation.paper.results import RESULT_TABLES, result_table
from tracker_ext.evaluation.protocols import protocol_of

RUN_TABLES = ("1", "2", "8", "9", "10", "11")
"""Tables that are run here; see `paper.tables.TABLES`, which is slow to import."""


def check(args: argparse.Namespace) -> None:
    """Refuse what does not go together, and paths and names that are not there.

    Raises:
        UserError: the first such thing.
    """
    if args.masks and (args.table or args.pack or len(args.results) != 1):
        raise UserError(f"--masks {args.masks}: goes with --results, one folder of boxes, and with no table")
    if args.pack and (args.table or not args.results):
        raise UserError(f"--pack {args.pack}: goes with --results, the folders to pack")
    for option, least in (("frames", 1), ("interval", 1), ("every", 1), ("grabcut_frames", 0)):
        if (value := getattr(args, option)) is not None and value < least:
            raise UserError(f"--{option.replace('_', '-')} {value}: must be at least {least}")
    if args.figure and (args.dataset is None or not args.out or args.table or args.results):
        raise UserError(f"--figure {args.figure}: needs a data set and --out DIR, and neither --table nor --results")
    if args.dataset is None and not args.table:
        raise UserError("data set: none given; name one (demo, clips, ...) or a folder in DAVIS layout, see --help")
    if args.table:
        known = sorted({*RUN_TABLES, *RESULT_TABLES}, key=int)
        if args.table not in known:
            raise UserError(f"--table {args.table}: not one of {', '.join(known)}")
        if args.results and args.table in RUN_TABLES:
            raise UserError(f"--table {args.table}: is run here and takes no --results; tables 3 to 7 and 12 take them")
    _check_paths(args)


def _check_paths(args: argparse.Namespace) -> None:
    for path in named_results(args.results, args.label).values():
        check_results(path)
    if args.masks and not Path(args.masks).is_dir():
        raise UserError(f"--masks {args.masks}: no such folder; give the one with <sequence>/<frame>.png")
    if args.weights and not Path(args.weights).is_file():
        raise UserError(f"--weights {args.weights}: no such file; give a weight file, or none for that which ships")
    for text in args.variant:
        if not Path(text.partition("=")[2]).is_file():
            raise UserError(f"--variant {text}: write NAME=FILE, the weight file of a variant")
    if args.out and Path(args.out).exists() and not Path(args.out).is_dir():
        raise UserError(f"--out {args.out}: is a file; name a folder")
    if args.dataset is not None:
        check_named(args.dataset, args.host)


def check_named(dataset: str, choice: str) -> None:
    """As `check_dataset`, on the host that `--host` says."""
    wanted = choice if choice != "auto" else os.environ.get(host.CHOICE_VARIABLE) or "auto"
    check_dataset(dataset, host.find(wanted).home)


def named_results(texts: Sequence[str], label: str | None = None) -> dict[str, Path]:
    """The paths of `[NAME=]PATH` by their names; a path without one is called as its folder.

    Raises:
        UserError: two have the same name.
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
    with ExitStack() as stack:
        yield {
            name: path if path.suffix == ".json" and path.is_file() else stack.enter_context(open_results(path))
            for name, path in given.items()
        }


def run(args: argparse.Namespace) -> None:
    """Do what the command line asks for. Call `host.resolve()` first."""
    if args.figure:
        print_figure(args)
    elif args.table:
        print_table(args)
    elif args.results:
        evaluate_results(args)
    else:
        evaluate_boxes(args)


def evaluate_results(args: argparse.Namespace) -> None:
    """Score one run, compare several, or pack them for a server."""
    from tracker_ext.evaluation.pack import pack
    from tracker_ext.evaluation.report import report_run, report_runs
    from tracker_ext.evaluation.result_folders import ResultRoots, find_results
    from tracker_ext.evaluation.sequences import find_sequences

    sequences, protocol = find_sequences(args.dataset), protocol_of(args.dataset)
    given = named_results(args.results, args.label)
    with opened(given) as runs:
        roots = {
            name: ResultRoots(Path(args.masks), path) if args.masks else find_results(path, sequences)
            for name, path in runs.items()
        }
        if args.pack:
            pack(args.dataset, sequences, list(roots.values()), Path(args.pack), load_paths().youtubevos_dir)
        elif len(runs) > 1:
            report_runs(sequences, roots, Path(args.out) if args.out else None, protocol)
        else:
            ((label, path),) = given.items()
            report = path / "report" if path.is_dir() else path.with_name(f"{path.stem}_report")
            report_run(sequences, *roots[label], Path(args.out) if args.out else report, label, protocol)


def evaluate_boxes(args: argparse.Namespace) -> None:
    """Score what box2mask makes of the true boxes."""
    from ltr_ext.digest import file_hash
    from tracker_ext.evaluation.report import report_from_boxes
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.segmentation import AnnotateConfig
    from tracker_ext.segmentation.api import load_box2mask, weight_file

    sequences: list[Any] = find_sequences(args.dataset)
    weights = weight_file(args.weights)
    net = None if args.no_box2mask else load_box2mask(weights)
    if net is not None:
        print(f"weights: {weights} ({file_hash(weights)}), device {next(net.parameters()).device}")
    config = AnnotateConfig(
        num_frames=args.frames,
        interval=args.interval,
        mode=args.mode,
        flip=args.flip,
        colour=args.colour,
        merge="soft",
        tolerance=0.0,
    )
    out, protocol = Path(args.out) if args.out else None, protocol_of(args.dataset)
    report_from_boxes(sequences, net, config, out, args.grabcut_frames, protocol)


def print_table(args: argparse.Namespace) -> None:
    """Print a table of the paper, and write it if asked to."""
    from tracker_ext.evaluation.paper.tables import TABLES, run_table
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.segmentation.api import weight_file

    grids = {}
    if args.table in RESULT_TABLES:
        with opened(named_results(args.results, args.label)) as runs:
            grids[f"table_{args.table}"] = result_table(args.table, runs, args.dataset)
    else:
        datasets = [args.dataset] if args.dataset else present_datasets(args.table, TABLES[args.table].datasets)
        variants = dict(parse_variant(text) for text in args.variant)
        for dataset in datasets:
            sequences, name = find_sequences(dataset), Path(dataset).name
            stem = f"table_{args.table}" if len(datasets) == 1 else f"table_{args.table}_{name}"
            grids[stem] = run_table(
                args.table, name, sequences, weight_file(args.weights), variants, args.every, args.mode
            )
    for grid in grids.values():
        print(f"\n{grid.markdown()}")
    if args.out:
        with OutputFolder(args.out) as work:
            for stem, grid in grids.items():
                grid.write(work, stem)
        print(f"written: {args.out} ({', '.join(f'{stem}.md, .csv, .tex' for stem in grids)})")


def print_figure(args: argparse.Namespace) -> None:
    """Draw a figure of the paper into `--out`."""
    from tracker_ext.evaluation.paper.figure3 import draw_figure, methods_of
    from tracker_ext.evaluation.paper.tables import setting_config
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.segmentation.api import weight_file

    variants = dict(parse_variant(text) for text in args.variant)
    config = setting_config(Path(args.dataset).name, {"num_frames": args.frames}, args.mode)
    methods = methods_of(weight_file(args.weights), variants, config)
    sequences = find_sequences(args.dataset)
    with OutputFolder(args.out) as work:
        draw_figure(sequences, methods, work)
    print(f"written: {Path(args.out) / 'figure_3.png'}")


def present_datasets(table: str, wanted: Sequence[str]) -> list[str]:
    """The data sets of a table, and `clips`, that the settings name.

    Raises:
        UserError: the settings name none of them.
    """
    paths = load_paths()
    fields = {name: setting_of(name) for name in (*wanted, "clips")}
    found = [name for name, field in fields.items() if getattr(paths, field) is not None]
    if not found:
        raise UserError(
            f"table {table}: no data set given, and none of {', '.join(fields.values())} is set in {paths.source}; set "
            "one, or name a folder in DAVIS layout"
        )
    return found


def parse_variant(text: str) -> tuple[str, Path]:
    """The variant and the weight file of `NAME=FILE`.

    Raises:
        UserError: there is no such variant.
    """
    from ltr_ext.models.box2mask.config import VARIANTS

    name, equals, file = text.partition("=")
    if not equals or name not in VARIANTS:
        raise UserError(f"--variant {text}: write NAME=FILE with NAME one of {', '.join(VARIANTS)}")
    return name, Path(file)
