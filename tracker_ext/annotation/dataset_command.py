"""Masks for a whole data set of boxes, as `run_annotate.py` runs it: plan, work, summary, exit code."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

import settings
from ltr_ext.errors import UserError
from ltr_ext.weights import file_hash
from tracker_ext.annotation.api import weight_file
from tracker_ext.annotation.cluster import run_on_cluster
from tracker_ext.annotation.config import AnnotateConfig, option_error
from tracker_ext.annotation.decisions import apply_decisions
from tracker_ext.annotation.formats import FORMATS
from tracker_ext.annotation.job import (
    AnnotationJob,
    choose,
    clear_work,
    finish,
    note_failures,
    open_output,
    read_failures,
)
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.report_page import write_report
from tracker_ext.annotation.sequence_run import Outcome, make_sequence
from tracker_ext.annotation.sources import DATASETS, Source
from tracker_ext.annotation.sources.base import BoxedSequence
from tracker_ext.annotation.sources.folder import open_folder
from tracker_ext.annotation.workers import network_for, run_here, run_in_processes

EXIT_FAILED = 1
FOLDER_FORMATS = ("davis",)
DEFAULT_MAX_GAP = 60
"""Frames; a box every second of video is the sparsest in the field (YouTube-BoundingBoxes)."""
SAMPLED = 12
"""Sequences a dry run looks into."""


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
        0, or 1 if sequences failed.

    Raises:
        UserError: wrong options, data set or weights not there, an output folder of another job or one that cannot
            be written (any more).
    """
    job = open_job(options)
    names = choose(job.source.names(), options.shard, only_names(options.only))
    for name in names:
        safe_name(name)
    print(f"weights: {job.weights} (sha256 {job.weights_hash})", flush=True)
    if options.dry_run:
        print(estimate(job, names, options.workers))
        return 0
    network_for(job.weights, job.variant)  # unusable weights are refused before anything is written
    open_output(job)
    clear_work(job)
    if options.check_inputs:
        forget_changed(job, names)
    missing = [name for name in names if not job.is_done(name)]
    chosen = missing[: options.limit]
    print(f"{len(names)} sequences, {len(names) - len(missing)} done before, {len(chosen)} to do", flush=True)
    tally = Tally(job, len(chosen))
    try:
        with tally.progress:
            if not chosen:
                pass
            elif options.cluster:
                slurm = slurm_options(options.slurm)
                run_on_cluster(job, chosen, options.cluster, options.workers, tally.report, slurm)
            elif options.workers > 1:
                run_in_processes(job, chosen, options.workers, tally.report)
            else:
                run_here(job, chosen, tally.report)
    finally:
        failed = tally.save()
        with suppress(OSError, UserError):  # on a full or read-only disk; the next run does it
            clear_work(job)
    cover_all(job.out, job.formats)
    print(tally.summary())
    print(f"results: {job.out}, report: {job.out / 'report.html'}")
    if tally.failures():
        print(
            f"failed: {failed}\nagain, only these: {retry_command(arguments, job.out / 'failed.csv')}", file=sys.stderr
        )
        return EXIT_FAILED
    return 0


def forget_changed(job: AnnotationJob, names: Sequence[str]) -> None:
    """Take back the manifest of finished sequences whose boxes or frames are no longer those they were made from."""
    changed = []
    for name in tqdm(names, desc="inputs", unit="sequence", disable=None, leave=False):
        manifest = job.manifest(name)
        if manifest is None:
            continue
        try:
            current = job.source.load(name).thinned(job.every, job.most).input_hash()
        except (UserError, OSError) as error:
            tqdm.write(f"kept: {name}: its input cannot be read now: {error}", file=sys.stderr)
            continue
        if current != manifest["input_hash"]:
            job.manifest_path(name).unlink()
            changed.append(name)
    if changed:
        print(f"changed since they were made: {', '.join(changed[:5])}{' ...' if len(changed) > 5 else ''}")


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
    applied = apply_decisions(out, decisions)
    try:
        formats = json.loads((out / "settings.json").read_text(encoding="utf-8"))["formats"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"settings {out / 'settings.json'} cannot be read ({error!r}); restore the file") from error
    cover_all(out, formats)
    return applied.summary()


def cover_all(out: Path, formats: Sequence[str]) -> None:
    """Lists, joined files and the report, from what is finished.

    Raises:
        UserError: they cannot be written.
    """
    try:
        finish(out, formats)
        write_report(out)
    except OSError as error:
        raise UserError(
            f"output folder {out} cannot be written ({error.strerror}); the masks are whole: make room, then give the "
            f"same command again"
        ) from error


class Tally:
    """Counts what comes of the sequences, shows it, writes it down."""

    def __init__(self, job: AnnotationJob, total: int) -> None:
        self._job = job
        self._start = time.perf_counter()
        self._outcomes: dict[str, Outcome] = {}
        self.progress = tqdm(total=total, desc=job.dataset, unit="sequence", disable=None)
        self._frames = 0

    def report(self, outcome: Outcome) -> None:
        """Take one outcome.

        Raises:
            UserError: nothing can be written any more.
        """
        self._outcomes[outcome.name] = outcome
        self._frames += outcome.frames
        self.progress.update()
        speed = self._frames / (time.perf_counter() - self._start)
        self.progress.set_postfix_str(f"{speed:.1f} frames/s, {len(self.failures())} failed", refresh=False)
        if outcome.status == "failed":
            tqdm.write(f"failed: {outcome.name}: {outcome.reason}", file=sys.stderr)
        if outcome.status == "stopped":
            raise UserError(
                f"{outcome.reason}; what is finished is kept: make room or mend it, then give the same command again"
            )

    def failures(self) -> dict[str, str]:
        """Sequence -> reason."""
        return {name: found.reason for name, found in self._outcomes.items() if found.status == "failed"}

    def save(self) -> Path | None:
        """Bring failed.csv up to date, if the folder can be written."""
        try:
            return note_failures(self._job, self._outcomes, self.failures())
        except (UserError, OSError) as error:
            print(f"failed.csv: {error}", file=sys.stderr)
            return None

    def summary(self) -> str:
        """One line."""
        counts = dict.fromkeys(("made", "failed", "busy", "done"), 0)
        for found in self._outcomes.values():
            counts[found.status] += 1
        seconds = time.perf_counter() - self._start
        line = f"made {counts['made']} sequences, {self._frames} frames in {duration(seconds)}"
        line += f" ({self._frames / seconds:.1f} frames/s)" if self._frames else ""
        line += f"; failed {counts['failed']}"
        return line + (f"; {counts['busy']} are being made by another run" if counts["busy"] else "")


def open_job(options: DatasetOptions) -> AnnotationJob:
    """Everything checked that can be checked before a sequence is read."""
    source, dataset, formats, every, most = open_source(options)
    weights = weight_file(options.weights)
    if not weights.is_file():
        raise UserError(f"weights {weights} do not exist; name a file with --weights")
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
        return open_folder(root, options.boxes), f"folder {root}", FOLDER_FORMATS, 1, None
    known = DATASETS[options.dataset]
    root = settings.load().require(known.setting, needed_for=f"data set {options.dataset}") / known.subfolder
    if not root.is_dir():
        raise UserError(f"data set {options.dataset}: there is no folder {root}; correct {known.setting}")
    return known.open(root), options.dataset, known.formats, known.every, known.most


def only_names(entries: Sequence[str]) -> frozenset[str] | None:
    """Names of --only: as they are, or from files with a column `sequence`; None for all."""
    if not entries:
        return None
    names: set[str] = set()
    for entry in entries:
        names.update([row["sequence"] for row in read_failures(Path(entry))] if entry.endswith(".csv") else [entry])
    return frozenset(names)


def slurm_options(entries: Sequence[str]) -> dict[str, Any]:
    """`key=value` pairs; whole numbers as such."""
    options: dict[str, Any] = {}
    for entry in entries:
        key, found, value = entry.partition("=")
        if not key or not found:
            raise UserError(f"--slurm {entry}: write KEY=VALUE, for example slurm_partition=gpu")
        options[key] = int(value) if value.isdigit() else value
    return options


def retry_command(arguments: Sequence[str], failed: Path) -> str:
    """The same command for the failed sequences alone."""
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("--only", "--limit", "--shard"):
            skip = True
        elif not argument.startswith(("--only=", "--limit=", "--shard=")):
            kept.append(argument)
    return shlex.join(["python", "run_annotate.py", *kept, "--only", str(failed)])


def estimate(job: AnnotationJob, names: list[str], workers: int) -> str:
    """What there is to do, how large and how long: counted on a sample, timed on one window of one sequence."""
    missing = [name for name in names if not job.is_done(name)]
    if not missing:
        return f"{len(names)} sequences, all of them done"
    step = max(1, len(missing) // SAMPLED)
    loaded: list[BoxedSequence] = []
    problems = []
    for name in missing[::step][:SAMPLED]:
        try:
            loaded.append(job.source.load(name).thinned(job.every, job.most))
        except UserError as error:
            problems.append(f"cannot be read: {error}")
    lines = [f"{len(names)} sequences, {len(names) - len(missing)} done, {len(missing)} to do"]
    if loaded:
        frames = sum(len(sequence.frames) for sequence in loaded) / len(loaded) * len(missing)
        seconds, sizes, probed = measure(job, loaded[0])
        lines.append(f"about {frames:,.0f} frames (mean of {len(loaded)} sequences)")
        lines += [f"{name}: about {size(bytes_ * frames)}" for name, bytes_ in sizes.items()]
        share = f", {duration(seconds * frames / workers)} if {workers} workers do not hinder each other"
        lines.append(
            f"time: about {duration(seconds * frames)} with one process ({1 / seconds:.1f} frames/s, measured on "
            f"{probed}){share if workers > 1 else ''}"
        )
    return "\n".join([*lines, *problems])


def measure(job: AnnotationJob, sequence: BoxedSequence) -> tuple[float, dict[str, float], str]:
    """Seconds per frame, and bytes per frame of each kind of output, from one window of a sequence."""
    net, calibration = network_for(job.weights, job.variant)
    few = sequence.thinned(1, job.config.num_frames)
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm"
        warm.mkdir()
        make_sequence(job, few, net, calibration, warm)
        work = Path(folder) / "work"
        work.mkdir()
        start = time.perf_counter()
        make_sequence(job, few, net, calibration, work)
        seconds = time.perf_counter() - start
        sizes = {
            path.name: sum(file.lstat().st_size for file in path.rglob("*") if file.is_file()) / len(few.frames)
            for path in sorted(work.iterdir())
            if path.name in FORMATS
        }
    return seconds / len(few.frames), sizes, f"{len(few.frames)} frames of {sequence.name}"


def duration(seconds: float) -> str:
    """In the unit that fits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def shard(text: str) -> tuple[int, int]:
    """`i/n`, i from 1 to n.

    Raises:
        UserError: anything else.
    """
    first, _, second = text.partition("/")
    if first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise UserError(f"--shard {text}: write i/n with i from 1 to n, for example 1/4")
