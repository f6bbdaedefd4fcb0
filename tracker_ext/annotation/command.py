"""Masks for a whole data set of boxes, as `run_annotate.py` runs it: plan, work, summary, exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr_ext.digest import file_hash
from ltr_ext.errors import EXIT_USER_ERROR, UserError
from ltr_ext.paths import load_paths
from ltr_ext.text import counted, one_line
from tracker_ext.annotation.failures import FAILED_FILE, listed_names
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.inputs import boxes_changed, forget_changed, names_line
from tracker_ext.annotation.job import AnnotationJob, choose, matching, read_settings
from tracker_ext.annotation.lists import derive_locked
from tracker_ext.annotation.lock import lists_lock
from tracker_ext.annotation.manifests import take_back
from tracker_ext.annotation.review.decisions import LOCK_WAIT, apply_decisions
from tracker_ext.annotation.review.report_page import REPORT_FILE
from tracker_ext.annotation.sources import DATASETS, Source
from tracker_ext.annotation.sources.folder import FolderSource, open_folder
from tracker_ext.annotation.tally import Tally, retry_command
from tracker_ext.annotation.upkeep import prepare_output, remove_unfinished_files, stopped_like_ctrl_c, tidy
from tracker_ext.segmentation.config import AnnotateConfig, existing_weight_file, option_error
from tracker_ext.segmentation.prepare import DEFAULT_MAX_GAP

EXIT_FAILED = 1
MOST_SHOWN = 20
"""Folders and videos without boxes that are named."""
FOLDER_FORMATS = ("davis",)


@dataclass(frozen=True, kw_only=True)
class DatasetOptions:
    """What the command line says."""

    dataset: str
    """A key of `DATASETS`, or "folder"."""
    out: Path
    path: Path | None = None
    """The folder, for "folder"."""
    boxes: Path | None = None
    """Its box file, if the boxes are in one."""
    formats: tuple[str, ...] = ()
    """None: those of the data set."""
    config: AnnotateConfig
    weights: Path | None = None
    variant: str | None = None
    every: int | None = None
    most: int | None = None
    max_gap: int = DEFAULT_MAX_GAP
    min_confidence: float = 0.0
    workers: int = 1
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    only: tuple[str, ...] = ()
    """Names of sequences, or files with a column `sequence`."""
    cluster: str | None = None
    redo: tuple[str, ...] = ()
    """As `only`: to be made again, though done."""
    slurm: tuple[str, ...] = ()
    check_inputs: bool = False
    """Make again what was made from other boxes or frames."""
    dry_run: bool = False


def annotate_dataset(options: DatasetOptions, arguments: Sequence[str]) -> int:
    """Make the masks that are missing.

    Args:
        options: of the command.
        arguments: of the command line, for the command that the summary proposes.

    Returns:
        0; 1 if sequences failed; 2 if there are no masks at all, because of what was given.

    Raises:
        UserError: wrong options, data set or weights not there, an output folder of another job or one that cannot
            be written (any more).
    """
    if options.slurm and options.cluster != "slurm":
        raise UserError(f"--slurm {options.slurm[0]}: goes with --cluster slurm")
    slurm = slurm_options(options.slurm)
    job = open_job(options)
    every_name = job.source.names()
    names = choose(every_name, options.shard, only_names(options.only))
    redo = set(matching(every_name, only_names(options.redo, "--redo") or frozenset(), "--redo"))
    skipped = without_boxes(job.source)
    print(f"weights: {job.weights} (sha256 {job.weights_hash})", flush=True)
    # Only now: these import torch, which takes seconds that a mistake must not cost.
    from tracker_ext.annotation.estimate import estimate
    from tracker_ext.annotation.workers import network_for

    if options.dry_run:
        print(estimate(job, names, options.workers))
        return 0
    network_for(job.weights, job.variant)  # unusable weights are refused before anything is written
    prepare_output(job)
    for name in redo.intersection(names):
        take_back(job.out, name)
    if options.check_inputs:
        if changed := forget_changed(job, names):
            print(names_line("changed since they were made", changed))
    elif changed := boxes_changed(job, names):
        print(
            names_line("boxes changed since the masks were made", changed)
            + "; --check-inputs makes such sequences again, --redo NAME one of them",
            file=sys.stderr,
        )
    missing = [name for name in names if not job.is_done(name)]
    chosen = missing[: options.limit]
    before = len(names) - len(missing)
    print(f"{counted(len(names), 'sequence')}, {before} done before, {len(chosen)} to do", flush=True)
    tally = Tally(job, len(chosen))
    try:
        with stopped_like_ctrl_c(), tally.progress:
            make(job, chosen, options, slurm, tally)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            print("\nwhat is finished is kept; the same command goes on from there", file=sys.stderr)
        with suppress(OSError, UserError):  # on a full or read-only disk; the next run does it
            tidy(job)
        raise
    derived = tidy(job)
    print(tally.summary())
    if skipped:
        print(f"{skipped}, named above")
    print(f"results: {job.out}, report: {job.out / REPORT_FILE}")
    if derived.damaged:
        print(derived.warning(), file=sys.stderr)
    if tally.failures():
        again = retry_command(arguments, job.out / FAILED_FILE)
        print(f"failed: {derived.failed or job.out / FAILED_FILE}\nagain, only these: {again}", file=sys.stderr)
    if not before and tally.only_mistakes():
        return EXIT_USER_ERROR
    return EXIT_FAILED if tally.failures() or derived.damaged else 0


def without_boxes(source: Source) -> str:
    """Name what a folder holds that looks like a sequence and has no boxes; returns how many there are, in words."""
    skipped = source.skipped() if isinstance(source, FolderSource) else {}
    for name, reason in list(skipped.items())[:MOST_SHOWN]:
        print(f"skipped: {one_line(f'{name}: {reason}')}", file=sys.stderr)
    if len(skipped) > MOST_SHOWN:
        print(f"skipped: {len(skipped) - MOST_SHOWN} more", file=sys.stderr)
    return f"skipped {counted(len(skipped), 'input')} without usable boxes" if skipped else ""


def make(
    job: AnnotationJob, names: Sequence[str], options: DatasetOptions, slurm: dict[str, Any], tally: Tally
) -> None:
    """Make sequences here, in several processes, or on a cluster."""
    if not names:
        return
    from tracker_ext.annotation.cluster import run_on_cluster
    from tracker_ext.annotation.workers import run_here, run_in_processes

    if options.cluster:
        run_on_cluster(job, names, options.cluster, options.workers, tally.report, slurm)
    elif options.workers > 1:
        run_in_processes(job, names, options.workers, tally.report)
    else:
        run_here(job, names, tally.report)


def apply_review(out: Path, decisions: Path) -> str:
    """Move the masks of rejected sequences out, and bring lists and report up to date.

    Args:
        out: output folder of a job.
        decisions: as the report writes it; see `apply_decisions`.

    Returns:
        What was done, in words.

    Raises:
        UserError: see `apply_decisions`.
    """
    if not (out / "sequences").is_dir():
        return apply_decisions(out, decisions).summary()  # which refuses it
    formats = read_settings(out / "settings.json")["formats"]
    known = [name for name in formats if name in FORMATS]
    with lists_lock(out, LOCK_WAIT):
        remove_unfinished_files(out)
        try:
            applied = apply_decisions(out, decisions)
        except UserError:
            with suppress(UserError):  # it may have come halfway
                derive_locked(out, known)
            raise
        derived = derive_locked(out, known)
    return "\n".join(filter(None, (applied.summary(), derived.warning())))


def open_job(options: DatasetOptions) -> AnnotationJob:
    """Everything checked that can be checked before a sequence is read."""
    source, dataset, formats, every, most = open_source(options)
    weights = existing_weight_file(options.weights)
    try:
        return AnnotationJob(
            dataset=dataset,
            source=source,
            out=options.out,
            formats=options.formats or formats,
            weights=weights,
            weights_hash=file_hash(weights),
            config=options.config,
            variant=options.variant,
            every=options.every or every,
            most=options.most or most,
            max_gap=options.max_gap,
            min_confidence=options.min_confidence,
        )
    except ValueError as error:
        raise option_error(error) from error


def open_source(options: DatasetOptions) -> tuple[Source, str, tuple[str, ...], int, int | None]:
    """The data set, its name in the settings of the job, and its defaults."""
    if options.dataset == "folder":
        assert options.path is not None
        root = options.path.resolve()
        if options.out.is_relative_to(root):
            raise UserError(f"--out {options.out}: lies in the input {root}; name a folder outside it")
        name = f"folder {root}" + (f", boxes {options.boxes.resolve()}" if options.boxes else "")
        return open_folder(root, options.boxes), name, FOLDER_FORMATS, 1, None
    known = DATASETS[options.dataset]
    root = load_paths().require(known.setting, needed_for=f"data set {options.dataset}") / known.subfolder
    if not root.is_dir():
        raise UserError(f"data set {options.dataset}: there is no folder {root}; correct {known.setting}")
    return known.open(root), options.dataset, known.formats, known.every, known.most


def only_names(entries: Sequence[str], option: str = "--only") -> frozenset[str] | None:
    """Names of --only or --redo: as they are, or from files with a column `sequence`; None if there are none."""
    if not entries:
        return None
    names: set[str] = set()
    for entry in entries:
        path = Path(entry)
        if path.suffix != ".csv":
            names.add(entry)
        elif path.is_file() or (path.name == "failed.csv" and (path.parent / "settings.json").is_file()):
            names.update(listed_names(path) if path.is_file() else ())  # gone once nothing is left in it
        else:
            raise UserError(f"{option} {entry}: no such file; check the path, or name a sequence")
    return frozenset(names)


def slurm_options(entries: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs; whole numbers as such."""
    options: dict[str, Any] = {}
    for entry in entries:
        key, found, value = entry.partition("=")
        if not key or not found:
            raise UserError(f"--slurm {entry}: write KEY=VALUE, for example slurm_partition=gpu")
        options[key] = int(value) if value.isdecimal() else value
    return options


def shard(text: str) -> tuple[int, int]:
    """`i/n`, i from 1 to n.

    Raises:
        UserError: anything else.
    """
    first, _, second = text.partition("/")
    if first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise UserError(f"--shard {text}: write i/n with i from 1 to n, for example 1/4")
