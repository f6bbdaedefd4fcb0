"""Masks for a whole data set of boxes, as `run_annotate.py` runs it: plan, work, summary, exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ltr_ext.digest import file_hash
from ltr_ext.errors import EXIT_USER_ERROR, UserError
from ltr_ext.paths import load_paths
from ltr_ext.program import as_called
from ltr_ext.text import counted, one_line
from tracker_ext.annotation.failures import FAILED_FILE
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.inputs import boxes_changed, invalidate_changed, names_line
from tracker_ext.annotation.job import AnnotationJob, choose_sequences, holds_symlinks, matching_names
from tracker_ext.annotation.lists import update_lists_locked
from tracker_ext.annotation.lock import lists_lock
from tracker_ext.annotation.manifests import SEQUENCES_FOLDER, invalidate
from tracker_ext.annotation.output_folder import (
    close_output,
    prepare_output,
    remove_unfinished_files,
    stopped_like_ctrl_c,
)
from tracker_ext.annotation.review.decisions import LOCK_WAIT, apply_decisions
from tracker_ext.annotation.review.report_page import REPORT_FILE
from tracker_ext.annotation.run_options import RunOptions, parse_slurm, sequence_names
from tracker_ext.annotation.run_summary import RunSummary, retry_command
from tracker_ext.annotation.settings import JobSettings, read_settings
from tracker_ext.annotation.sources import DATASETS, FOLDER_DEFAULTS, Defaults, Source
from tracker_ext.annotation.sources.folder import FolderSource, open_folder
from tracker_ext.segmentation.config import AnnotateConfig, existing_weight_file, from_options

EXIT_FAILED = 1
MAX_SHOWN = 20
"""Folders and videos without boxes that are named."""


def annotate_dataset(args: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Make the masks that are missing.

    Args:
        args: options of the command by name; see `JobSettings`, `AnnotateConfig` and `RunOptions`.
        arguments: the command line, for the command that the summary proposes.

    Returns:
        0; 1 if sequences failed; 2 if there are no masks at all, because of what was given.

    Raises:
        UserError: wrong options, data set or weights not there, an output folder of another job or one that cannot
            be written (any more).
    """
    config = from_options(AnnotateConfig, args)
    options = replace(from_options(RunOptions, args), out=args.out.resolve())
    slurm = parse_slurm(options.slurm)
    source, defaults = open_source(options)
    weights = existing_weight_file(options.weights)
    settings = from_options(JobSettings, args, config=config, weights_hash=file_hash(weights), **defaults)
    job = AnnotationJob(
        settings=settings, source=source, out=options.out, weights=weights, symlinks=not options.no_symlinks
    )
    every_name = source.names()
    names = choose_sequences(every_name, options.shard, sequence_names(options.only, "--only"))
    redo = matching_names(every_name, sequence_names(options.redo, "--redo") or frozenset(), "--redo")
    skipped = report_skipped(source)
    print(f"weights: {weights} (sha256 {settings.weights_hash})", flush=True)
    # Only now: these import torch, which takes seconds that a mistake must not cost.
    from tracker_ext.annotation.cluster import run_on_cluster
    from tracker_ext.annotation.estimate import estimate
    from tracker_ext.annotation.workers import network_for, run_here, run_in_processes

    if options.dry_run:
        print(estimate(job, names, options.workers))
        return 0
    network_for(weights, settings.variant)  # unusable weights are refused before anything is written
    prepare_output(job)
    job = without_refused_links(job)
    for name in set(redo).intersection(names):
        invalidate(job.out, name)
    look_for_changes(job, names, options.check_inputs)
    missing = [name for name in names if not job.is_done(name)]
    chosen = missing[: options.limit]
    done_before = len(names) - len(missing)
    print(f"{counted(len(names), 'sequence')}, {done_before} done before, {len(chosen)} to do", flush=True)
    summary = RunSummary(job, len(chosen))
    try:
        with stopped_like_ctrl_c(), summary.progress:
            if chosen and options.cluster:
                run_on_cluster(job, chosen, options.cluster, options.workers, summary.add, slurm)
            elif chosen and options.workers > 1:
                run_in_processes(job, chosen, options.workers, summary.add)
            else:
                run_here(job, chosen, summary.add)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            print("\nwhat is finished is kept; the same command goes on from there", file=sys.stderr)
        with suppress(OSError, UserError):  # on a full or read-only disk; the next run does it
            close_output(job)
        raise
    lists = close_output(job)
    print(summary.line())
    if skipped:
        print(f"{skipped}, named above")
    print(f"results: {job.out}, report: {job.out / REPORT_FILE}")
    if "davis" in settings.formats:
        print(
            as_called("davis: frames are named 00000, 00001, ... there; ytvos and run_export.py keep pictures' names")
        )
    if lists.damaged:
        print(lists.warning(), file=sys.stderr)
    if summary.failures():
        again = retry_command(arguments, job.out / FAILED_FILE)
        print(f"failed: {lists.failed or job.out / FAILED_FILE}\nagain, only these: {again}", file=sys.stderr)
    if not done_before and summary.only_user_errors():
        return EXIT_USER_ERROR
    return EXIT_FAILED if summary.failures() or lists.damaged else 0


def open_source(options: RunOptions) -> tuple[Source, Defaults]:
    """The data set of a run, and the settings that it has unless the command line gives others.

    Raises:
        UserError: there is no such folder, or the output lies in it.
    """
    if options.kind == "folder":
        assert options.path is not None
        root = options.path.resolve()
        if options.out.is_relative_to(root):
            raise UserError(f"--out {options.out}: lies in the input {root}; name a folder outside it")
        name = f"folder {root}" + (f", boxes {options.boxes.resolve()}" if options.boxes else "")
        return open_folder(root, options.boxes), {"dataset": name, **FOLDER_DEFAULTS}
    known = DATASETS[options.kind]
    root = load_paths().require(known.setting, needed_for=f"data set {options.kind}") / known.subfolder
    if not root.is_dir():
        raise UserError(f"data set {options.kind}: there is no folder {root}; correct {known.setting}")
    return known.open(root), {"dataset": options.kind, **known.defaults}


def report_skipped(source: Source) -> str:
    """Name what a folder holds that looks like a sequence and has no boxes; returns how many there are, in words."""
    skipped = source.skipped() if isinstance(source, FolderSource) else {}
    for name, reason in list(skipped.items())[:MAX_SHOWN]:
        print(f"skipped: {one_line(f'{name}: {reason}')}", file=sys.stderr)
    if len(skipped) > MAX_SHOWN:
        print(f"skipped: {len(skipped) - MAX_SHOWN} more", file=sys.stderr)
    return f"skipped {counted(len(skipped), 'input')} without usable boxes" if skipped else ""


def without_refused_links(job: AnnotationJob) -> AnnotationJob:
    """The job with pictures as files where its output folder, which is open, can hold no symbolic links; says so."""
    with_pictures = any(FORMATS[name].has_pictures for name in job.settings.formats)
    if not (job.symlinks and with_pictures) or holds_symlinks(job.out):
        return job
    print(f"note: {job.out} can hold no symbolic links; pictures beside the masks are copies there", file=sys.stderr)
    return replace(job, symlinks=False)


def look_for_changes(job: AnnotationJob, names: Sequence[str], check_inputs: bool) -> None:
    """Report finished sequences whose boxes have changed; with `--check-inputs`, have all that changed made again."""
    if check_inputs:
        if changed := invalidate_changed(job, names):
            print(names_line("changed since they were made", changed))
    elif changed := boxes_changed(job, names):
        print(
            names_line("boxes changed since the masks were made", changed)
            + "; --check-inputs makes such sequences again, --redo NAME one of them",
            file=sys.stderr,
        )


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
    if not (out / SEQUENCES_FOLDER).is_dir():
        return apply_decisions(out, decisions).summary()  # which refuses it
    formats = [name for name in read_settings(out)["formats"] if name in FORMATS]
    with lists_lock(out, LOCK_WAIT):
        remove_unfinished_files(out)
        try:
            applied = apply_decisions(out, decisions)
        except UserError:
            with suppress(UserError):  # it may have come halfway
                update_lists_locked(out, formats)
            raise
        lists = update_lists_locked(out, formats)
    return "\n".join(filter(None, (applied.summary(), lists.warning())))
