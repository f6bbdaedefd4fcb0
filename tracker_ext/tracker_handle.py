"""Trackers, data sets and runs by name, the same on both hosts.

How a parameter module of ours (`tracker_ext/parameter/<tracker>/<name>.py`) is written:

    from tracker_ext.tracker.lwl_tracker import LWLTracker

    TRACKER_CLASS = LWLTracker            # the class these parameters are for

    def parameters() -> TrackerParams:
        params = TrackerParams()
        params.weights = (path, ...)      # files to show at start; all that exist are hashed
        params.device = "cpu"             # to show at start
        params.lwl = parts                # its `precision` is shown, `with_precision` follows --precision
        ...

`TRACKER_CLASS` is what the host cannot find out: upstream looks for a tracker only in its own folder, and there `lwl`
is its own. A parameter module without it keeps the host's class. `parameters()` is called once before a run and again
for every sequence, in worker processes too; it raises `UserError` for weights that are missing or corrupt, so that a
run ends before it has begun. The host imports the module as `pytracking.parameter.<tracker>.<name>`, so it uses
absolute imports only.

The tracker class derives from the host's `BaseTracker`; `multiobj_mode = "parallel"`, on the class or in the
parameters, makes the host wrap one tracker per object. Then `initialize` returns the same keys as `track` (but for
`target_bbox`, `segmentation` and `time`, which the wrapper fills in): upstream's merge takes the keys of the first
object for all.

Import this module after `host.resolve()`.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytracking.parameter
from pytracking.evaluation import Sequence, Tracker, get_dataset
from pytracking.evaluation.datasets import dataset_dict
from pytracking.evaluation.running import run_dataset

import settings
from ltr_ext.data.presence import LAYOUTS, require_dataset
from ltr_ext.errors import UserError
from ltr_ext.words import nearest, unknown
from tracker_ext.annotation.config import SHORT_PRECISIONS
from tracker_ext.evaluation.dataset_names import BROKEN_UPSTREAM, ONLY_UPSTREAM, no_folder
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.live_view import LiveView, watched
from tracker_ext.registration import register


class TrackerHandle(Tracker):
    """The host's `Tracker`, with the class the parameter module names, and a record of what failed.

    Args:
        name: tracker, a package below `pytracking.parameter`.
        parameter_name: module in that package.
        run_id: appended to the results folder, three digits.
        display_name: for tables and plots.
        out: folder for the results instead of the one in the settings; the layout below it is the same.

    Raises:
        UserError: unknown name (the message lists the known), or a module for which there is no tracker.
    """

    results_dir: str
    segmentation_dir: str
    tracker_class: type | None

    def __init__(
        self,
        name: str,
        parameter_name: str,
        run_id: int | None = None,
        display_name: str | None = None,
        *,
        out: Path | None = None,
    ) -> None:
        check_names(name, parameter_name)
        super().__init__(name, parameter_name, run_id, display_name)
        module = importlib.import_module(f"pytracking.parameter.{name}.{parameter_name}")
        self.tracker_class = getattr(module, "TRACKER_CLASS", self.tracker_class)
        if self.tracker_class is None:
            raise UserError(f"{name} {parameter_name}: the host has no tracker {name}; add TRACKER_CLASS to the module")
        if out is not None:
            entry = Path(self.results_dir).name
            self.results_dir = str(out / "tracking_results" / name / entry)
            self.segmentation_dir = str(out / "segmentation_results" / name / entry)
        self.failure_log: str | None = None
        self.live_view: str | None = None
        """`host:port` of a visdom server that shows the work; see `live_view.py`."""
        self.precision: str | None = None
        """`fp32` or `bf16` in place of what the parameter module says."""

    def get_parameters(self) -> Any:
        """What `parameters()` returns; in a worker process our names have to be added first.

        Raises:
            UserError: a `precision` is asked for, and the tracker knows none.
        """
        register()
        params = super().get_parameters()
        if self.precision is not None:
            parts = params.get("lwl", None)
            if not hasattr(parts, "with_precision"):
                raise UserError(f"--precision {self.precision}: {self.name} {self.parameter_name} has none to choose")
            params.lwl = parts.with_precision(SHORT_PRECISIONS[self.precision])
        return params

    def run_sequence(self, seq: Sequence, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As the host's, but an exception, which the host prints and swallows, is written down first."""
        try:
            with self.watching(seq.name):
                return super().run_sequence(seq, *args, **kwargs)
        except Exception as error:
            if self.failure_log is not None:
                entry = {"sequence": seq.name, "message": _one_line(error), "user": isinstance(error, UserError)}
                with open(self.failure_log, "a", encoding="utf-8") as log:
                    log.write(json.dumps(entry) + "\n")
            raise

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Show what the tracker does inside, if `live_view` is set; a server that has gone away stops nothing."""
        plain = self.tracker_class
        try:
            if self.live_view is not None and plain is not None:
                self.tracker_class = watched(plain, LiveView(self.live_view), name)
        except UserError as error:
            print(f"{error}; tracking goes on", file=sys.stderr)
        try:
            yield
        finally:
            self.tracker_class = plain


@dataclass(frozen=True)
class Failure:
    """A sequence without results."""

    sequence: str
    message: str
    user: bool
    """Whether the user can mend it (a `UserError`)."""


def run(tracker: TrackerHandle, sequences: list[Sequence], *, debug: int = 0, threads: int = 0) -> list[Failure]:
    """Run through the host's own runner, which leaves out sequences that have results.

    Args:
        tracker: whose `results_dir` and `segmentation_dir` get the results.
        sequences: from `load_sequences`.
        debug: host's debug level; above 0 nothing is written and an exception goes through.
        threads: spawned worker processes; 0 runs in this one.

    Returns:
        The sequences that have no results now, with the reason.
    """
    log = Path(tracker.results_dir) / "failures.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    tracker.failure_log = None if debug else str(log)
    start_method = multiprocessing.get_start_method(allow_none=True)
    try:
        run_dataset(sequences, [tracker], debug, threads)
    finally:  # upstream sets it to spawn, for loaders as well
        multiprocessing.set_start_method(start_method, force=True)
    if debug:
        return []
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    reasons = {entry["sequence"]: Failure(**entry) for entry in entries}
    no_reason = "no results were written"
    missing = [seq.name for seq in sequences if not has_results(tracker, seq)]
    return [reasons.get(name, Failure(name, no_reason, user=False)) for name in missing]


def has_results(tracker: Tracker, sequence: Sequence) -> bool:
    """Whether the box files of the sequence exist: one, or one per object if it has several."""
    ids = sequence.object_ids if sequence.multiobj_mode else None
    names = [sequence.name] if ids is None else [f"{sequence.name}_{object_id}" for object_id in ids]
    return all((Path(tracker.results_dir) / f"{name}.txt").is_file() for name in names)


def known_parameters() -> dict[str, list[str]]:
    """Tracker name -> its parameter modules, the host's and ours."""
    found: dict[str, list[str]] = {}
    for group in pkgutil.iter_modules(pytracking.parameter.__path__):
        if group.ispkg:
            package = importlib.import_module(f"pytracking.parameter.{group.name}")
            found[group.name] = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return dict(sorted(found.items()))


def check_names(tracker: str, parameter: str) -> None:
    """Refuse a tracker or parameter module that does not exist, listing those that do.

    Raises:
        UserError: unknown.
    """
    register()
    known = known_parameters()
    if tracker not in known:
        raise UserError(f"tracker {tracker}: {unknown(tracker, known)}")
    if parameter not in known[tracker]:
        raise UserError(f"parameter {parameter} of tracker {tracker}: {unknown(parameter, known[tracker])}")


def load_sequences(dataset: str, sequence: str | None = None) -> list[Sequence]:
    """The sequences of a data set, or one of them.

    Args:
        dataset: a name of ours or of the host.
        sequence: a sequence's name, or its number from 0.

    Raises:
        UserError: unknown data set or sequence, or a data set that is not where the settings say, or not whole.
    """
    register()
    if dataset in BROKEN_UPSTREAM:
        raise UserError(f"data set {dataset}: {BROKEN_UPSTREAM[dataset]}")
    if dataset not in dataset_dict:
        if dataset in ONLY_UPSTREAM:
            raise UserError(f"data set {dataset}: {ONLY_UPSTREAM[dataset]}")
        raise UserError(f"data set {dataset}: {unknown(dataset, sorted(dataset_dict))}")
    if dataset in LAYOUTS:
        require_dataset(dataset, _listed_by_the_host(dataset))
    source = settings.load().source
    try:
        sequences = get_dataset(dataset)
    except UserError:
        raise
    except Exception as error:  # upstream's readers raise whatever they run into, `Exception` itself included
        reason = _one_line(error) or type(error).__name__
        raise UserError(f"data set {dataset} cannot be read: {reason}; check its path in {source}") from error
    if not sequences:
        raise UserError(f"data set {dataset} has no sequences; check its path in {source}")
    names = [one.name for one in sequences]
    check_sequence_names(dataset, names)
    if sequence is None:
        return sequences
    if sequence in names:
        return [sequences[names.index(sequence)]]
    if sequence.isdecimal() and int(sequence) < len(names):
        return [sequences[int(sequence)]]
    meant = nearest(sequence, names)
    hint = f"; did you mean {meant}?" if meant else ""
    raise UserError(f"sequence {sequence}: not in {dataset}{hint}; it has {_some(names)}")


def find_sequences(dataset: str) -> list[Sequence]:
    """The sequences of a data set by name, or of a folder in DAVIS layout; `./name` is always a folder.

    Raises:
        UserError: see `load_sequences`; or there is no such folder.
    """
    register()
    folder = Path(dataset).expanduser()
    if dataset not in dataset_dict and folder.is_dir():
        return DavisFolderDataset(folder, name=folder.resolve().name).get_sequence_list()
    if dataset not in dataset_dict and ("/" in dataset or dataset.startswith("~")):
        raise no_folder(dataset)
    return load_sequences(dataset)


def check_sequence_names(dataset: str, names: list[str]) -> None:
    """Refuse names that would put result files outside the results folder.

    Raises:
        UserError: a name that is no plain file name.
    """
    for name in names:
        if name in ("", ".", "..") or any(mark in name for mark in ("/", "\\", "\0")):
            raise UserError(f"data set {dataset}: sequence name {name!r} is no file name; correct the data set's list")


def _listed_by_the_host(dataset: str) -> list[str] | None:
    """The names of LaSOT's test sequences, which the host knows and the data set need not."""
    if dataset != "lasot" or settings.load().lasot_dir is None:
        return None
    info = dataset_dict[dataset]
    return getattr(importlib.import_module(info.module), info.class_name)(**info.kwargs).sequence_list


def _some(names: list[str], limit: int = 40) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
