"""Finds trackers by name and runs them, in the same way on both hosts.

A parameter module of ours (`tracker_ext/parameter/<tracker>/<name>.py`) has this form:

    from tracker_ext.tracker.lwl_tracker import LWLTracker

    TRACKER_CLASS = LWLTracker            # the tracker class of these parameters

    def parameters(weights: Sequence[Path] = ()) -> TrackerParams:     # the argument is optional; it has --weights
        params = TrackerParams()
        params.weights = (path, ...)      # weight files, which are shown with their hashes at the start
        params.device = "cpu"             # is shown at the start
        params.parts = parts              # its `precision` is shown; its `with_precision` is called for --precision
        ...

The host cannot find `TRACKER_CLASS` itself, since upstream looks for trackers only in its own folder, which has a
tracker `lwl` of its own. A parameter module without `TRACKER_CLASS` keeps the host's class. `parameters()` is called
once before a run and again for every sequence, also in worker processes. It raises `UserError` if weights are missing
or damaged, so that a run fails before it begins. The host imports the module as
`pytracking.parameter.<tracker>.<name>`, so it must use absolute imports.

The tracker class derives from the host's `BaseTracker`. With `multiobj_mode = "parallel"`, on the class or in the
parameters, the host wraps one tracker per object. `initialize` must then return the same keys as `track` (except
`target_bbox`, `segmentation` and `time`, which the wrapper adds), since upstream's merge uses the keys of the first
object for all objects.

This module must be imported after `host.resolve()`.
"""

from __future__ import annotations

import importlib
import inspect
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
from pytracking.evaluation import Sequence, Tracker
from pytracking.evaluation.running import run_dataset

from ltr_ext.device import SHORT_PRECISIONS
from ltr_ext.errors import UserError
from ltr_ext.text import one_line, unknown
from tracker_ext.registration import register
from tracker_ext.tracker.live_view import LiveView, watched


class TrackerHandle(Tracker):
    """The host's `Tracker`, with the class that the parameter module names, and a log of failures.

    Args:
        name: the tracker, which is a package in `pytracking.parameter`.
        parameter_name: a module in that package.
        run_id: number that is appended to the name of the results folder, with three digits.
        out: folder for the results instead of the one in the settings; the layout inside is the same.

    Raises:
        UserError: a name is unknown (the message lists the known ones), or there is no tracker for the module.
    """

    results_dir: str
    segmentation_dir: str
    tracker_class: type | None

    def __init__(
        self,
        name: str,
        parameter_name: str,
        run_id: int | None = None,
        *,
        out: Path | None = None,
    ) -> None:
        check_names(name, parameter_name)
        super().__init__(name, parameter_name, run_id)
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
        """`host:port` of a visdom server that shows the work, see `live_view.py`; None shows nothing."""
        self.weights: tuple[Path, ...] = ()
        """Weight files or checkpoints in place of the default ones of the parameter module."""
        self.precision: str | None = None
        """`fp32` or `bf16` in place of the precision in the parameter module."""
        self.changes: dict[str, Any] = {}
        """Values of fields of the tracker's configuration in place of those in the parameter module."""

    def get_parameters(self) -> Any:
        """The result of `parameters()`; in a worker process, our names are added to the host first.

        Raises:
            UserError: `precision`, `weights` or `changes` are set, but the tracker does not support this.
        """
        register()
        if self.weights:
            make = importlib.import_module(f"pytracking.parameter.{self.name}.{self.parameter_name}").parameters
            if "weights" not in inspect.signature(make).parameters:
                raise UserError(f"--weights {self.weights[0]}: {self.name} {self.parameter_name} has none to choose")
            params = make(weights=self.weights)
        else:
            params = super().get_parameters()
        if self.precision is not None:
            parts = params.get("parts", None)
            if not hasattr(parts, "with_precision"):
                raise UserError(f"--precision {self.precision}: {self.name} {self.parameter_name} has none to choose")
            params.parts = parts.with_precision(SHORT_PRECISIONS[self.precision])
        if self.changes:
            parts = params.get("parts", None)
            if not hasattr(parts, "with_changes"):
                raise UserError(f"--sweep: {self.name} {self.parameter_name} has no parameters to change")
            params.parts = parts.with_changes(**self.changes)
        return params

    def run_sequence(self, seq: Sequence, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run as the host does, but log an exception first, since the host only prints it and continues."""
        try:
            with self.watching(seq.name):
                return super().run_sequence(seq, *args, **kwargs)
        except Exception as error:
            if self.failure_log is not None:
                entry = {"sequence": seq.name, "message": one_line(error), "user": isinstance(error, UserError)}
                with open(self.failure_log, "a", encoding="utf-8") as log:
                    log.write(json.dumps(entry) + "\n")
            raise

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """A context in which the tracker's work is shown if `live_view` is set; without a server tracking continues."""
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
    """The reason why a sequence has no results."""

    sequence: str
    message: str
    user: bool
    """Whether the user can mend it, as with a `UserError`."""


def run(tracker: TrackerHandle, sequences: list[Sequence], *, debug: int = 0, threads: int = 0) -> list[Failure]:
    """Run a tracker with the host's own runner, which skips sequences that have results.

    Args:
        tracker: the tracker, whose `results_dir` and `segmentation_dir` get the results.
        sequences: sequences of `load_sequences`.
        debug: the host's debug level; above 0, nothing is written and exceptions are raised.
        threads: number of spawned worker processes; 0 runs in this process.

    Returns:
        The sequences that have no results afterwards, with the reasons.
    """
    log = Path(tracker.results_dir) / "failures.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    tracker.failure_log = None if debug else str(log)
    start_method = multiprocessing.get_start_method(allow_none=True)
    try:
        run_dataset(sequences, [tracker], debug, threads)
    finally:  # upstream sets it to spawn, which would hold for data loaders, too
        multiprocessing.set_start_method(start_method, force=True)
    if debug:
        return []
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    reasons = {entry["sequence"]: Failure(**entry) for entry in entries}
    no_reason = "no results were written"
    missing = [seq.name for seq in sequences if not has_results(tracker, seq)]
    return [reasons.get(name, Failure(name, no_reason, user=False)) for name in missing]


def result_files(tracker: Tracker, sequence: Sequence) -> list[Path]:
    """The box files that a tracked sequence has: one, or one per object if it has several."""
    ids = sequence.object_ids if sequence.multiobj_mode else None
    names = [sequence.name] if ids is None else [f"{sequence.name}_{object_id}" for object_id in ids]
    return [Path(tracker.results_dir) / f"{name}.txt" for name in names]


def has_results(tracker: Tracker, sequence: Sequence) -> bool:
    """Whether the box files of the sequence exist."""
    return all(path.is_file() for path in result_files(tracker, sequence))


def known_parameters() -> dict[str, list[str]]:
    """The parameter modules, the host's and ours, by tracker."""
    found: dict[str, list[str]] = {}
    for group in pkgutil.iter_modules(pytracking.parameter.__path__):
        if group.ispkg:
            package = importlib.import_module(f"pytracking.parameter.{group.name}")
            found[group.name] = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return dict(sorted(found.items()))


def check_names(tracker: str, parameter: str) -> None:
    """Check that a tracker and its parameter module exist.

    Raises:
        UserError: one of them does not; the message lists the known ones.
    """
    register()
    known = known_parameters()
    if tracker not in known:
        raise UserError(f"tracker {tracker}: {unknown(tracker, known)}")
    if parameter not in known[tracker]:
        raise UserError(f"parameter {parameter} of tracker {tracker}: {unknown(parameter, known[tracker])}")
