"""Runs a tracker with many settings over a data set: `run_tracker.py TRACKER PARAMETER SET --sweep FILE.toml`.

The file gives values of fields of the tracker's configuration, for `lwl` of `LWLTrackerConfig`. A list holds the values
to try; any other value is set for all runs.

    memory_size = [16, 32]
    memory_interval = [1, 2]
    update_interval = 4
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.text import counted, unknown
from tracker_ext import tracking_command
from tracker_ext.tracker.config import LWLTrackerConfig, TrackerConfig

LONGEST_NAME = 120
"""Characters of a folder's name; file systems allow some 250."""

Changes = dict[str, Any]
"""Values by field of the configuration."""


def read_sweep(path: Path, config: type[TrackerConfig] = LWLTrackerConfig) -> list[Changes]:
    """Read the settings of a file: every combination of the values in its lists.

    Args:
        path: the file.
        config: the class of the tracker's configuration.

    Raises:
        UserError: the file cannot be read, names an unknown field, or has a value of the wrong kind.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--sweep {path}: cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"--sweep {path}: is no TOML ({error}); write lines such as memory_size = [16, 32]") from error
    known = {field.name: field.default for field in fields(config) if "Config" not in str(field.type)}
    axes = []
    for name, given in content.items():
        if name not in known:
            raise UserError(f"--sweep {path}: {name}: {unknown(name, known)}")
        pair = isinstance(known[name], tuple)
        listed = isinstance(given, list) and (not pair or not given or isinstance(given[0], list))
        values = [_value(one, known[name], f"--sweep {path}: {name}") for one in (given if listed else [given])]
        if not values or len(set(values)) < len(values):
            what = "is twice in its list" if values else "has an empty list"
            raise UserError(f"--sweep {path}: {name}: {what}; list each value once")
        axes.append([(name, value) for value in values])
    if not axes:
        raise UserError(f"--sweep {path}: is empty; write lines such as memory_size = [16, 32]")
    return [dict(combination) for combination in itertools.product(*axes)]


def setting_name(changes: Mapping[str, Any]) -> str:
    """The name of a setting's folder, such as `memory_size=16,search_scale=2.5`, or a digest if it is too long."""
    name = ",".join(f"{field}={_shown(value)}" for field, value in changes.items())
    return name if len(name) <= LONGEST_NAME else hashlib.sha256(name.encode()).hexdigest()[:16]


def run_sweep(args: argparse.Namespace) -> int:
    """Track the sequences that have no results yet, with each setting, then print and write the table.

    Args:
        args: the parsed command line of `run_tracker.py`.

    Returns:
        The exit code: 0, or 1 if a sequence failed.

    Raises:
        UserError: the file has a mistake, the tracker has no such parameters, or the data set has no ground truth.
    """
    path = Path(args.sweep)
    from tracker_ext import tracker_handle
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.evaluation.sequences import load_sequences

    tracker_handle.check_names(args.tracker, args.parameter)
    sequences = load_sequences(args.dataset, args.sequence)
    if not all(tracking_command.has_ground_truth(sequence) for sequence in sequences):
        raise UserError(f"--sweep: {args.dataset} has boxes of first frames alone; name a data set that can be scored")
    out = Path(args.out) if args.out else load_paths().results_dir / "sweeps" / path.stem
    tracking_command.refuse_unwritable(out)
    parts = tracking_command.chosen_tracker(args).get_parameters().get("parts", None)
    if parts is None:
        raise UserError(f"--sweep: {args.tracker} {args.parameter} has no parameters to change")
    trackers = {}
    for changes in read_sweep(path, type(parts.config)):
        name = setting_name(changes)
        trackers[name] = tracking_command.chosen_tracker(args, out / name)
        trackers[name].changes = changes
        _check(trackers[name], path, name)
    facts = tracking_command.describe(next(iter(trackers.values())))
    failed = []
    for number, (name, tracker) in enumerate(trackers.items(), start=1):
        print(f"setting {number} of {len(trackers)}: {name}", flush=True)
        own_facts = {**facts, "parameters": {field: _shown(value) for field, value in tracker.changes.items()}}
        own_facts["precision"] = tracker.get_parameters().parts.precision
        failures = tracking_command.track_sequences(tracker, sequences, args, out / name, own_facts)
        failed += [f"{name}: {failure.sequence}: {failure.message}" for failure in failures]
    table = score_sweep(sequences, trackers, protocol_of(args.dataset), out)
    print(f"\n{table}\n{counted(len(trackers), 'setting')}, best first: {out} (sweep.md, .csv, .tex)")
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return tracking_command.EXIT_FAILED if failed else 0


def score_sweep(sequences: list[Any], trackers: Mapping[str, Any], protocol: Any, out: Path) -> str:
    """Score every setting and write `sweep.{md,csv,tex}`, best first, by J if there are masks, otherwise by AO.

    Args:
        sequences: the sequences of the data set.
        trackers: a `TrackerHandle` by name of the setting.
        protocol: the rules of the data set.
        out: an existing folder.

    Returns:
        The table as Markdown.

    Raises:
        UserError: a setting has no results at all, or they are damaged.
    """
    from tracker_ext.evaluation.results import found_results
    from tracker_ext.evaluation.scoring import mean_score, score_stored
    from tracker_ext.evaluation.tables import score_grid

    means, notes = [], []
    for name, tracker in trackers.items():
        stored, missing = found_results(sequences, Path(tracker.segmentation_dir), Path(tracker.results_dir))
        means.append(mean_score([score_stored(result, name, protocol) for result in stored], name, protocol))
        notes += [f"{name}: {note}" for note in missing]
    means.sort(key=lambda score: -(score.ao if math.isnan(score.j) else score.j))
    grid = score_grid(means, notes)
    grid.write(out, "sweep")
    return grid.markdown()


def _check(tracker: Any, path: Path, name: str) -> None:
    """Refuse values that contradict each other, before anything is tracked."""
    try:
        tracker.get_parameters()
    except ValueError as error:
        raise UserError(f"--sweep {path}: {name}: {error}") from error


def _value(given: Any, default: Any, what: str) -> Any:
    """Check that a value has the type of the field's default value, and convert it."""
    kinds: tuple[type, ...] = (int, float) if default is None or isinstance(default, float) else (type(default),)
    if isinstance(default, tuple):
        pair = isinstance(given, list) and len(given) == 2
        if not pair or not all(type(one) in (int, float) for one in given):
            raise UserError(f"{what}: {given!r} is no pair of numbers, such as [0.9, 1.12]")
        return tuple(float(one) for one in given)
    if type(given) not in kinds:  # true is no 1
        named = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise UserError(f"{what}: {given!r} is not {named[kinds[-1]]}")
    return given


def _shown(value: Any) -> Any:
    return "-".join(f"{one:g}" for one in value) if isinstance(value, tuple) else value
