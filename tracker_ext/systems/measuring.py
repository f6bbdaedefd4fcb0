"""One system on all sequences, in a process of its own, so that its memory can be told from that of others.

`measure` runs there; it imports the host itself, so this module must not.
"""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

from ltr_ext import host
from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.text import one_line
from tracker_ext.segmentation.config import existing_weight_file
from tracker_ext.systems.records import (
    Record,
    peak_gpu_memory,
    peak_memory,
    read_record,
    record_file,
    write_record,
)
from tracker_ext.systems.references import REFERENCE, REFERENCES, Material
from tracker_ext.systems.references import measure as measure_reference

Start = Literal["box", "mask"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a process is to do."""

    tracker: str
    """`REFERENCE` for a reference point."""
    parameter: str
    dataset: str
    """A name, or a folder in DAVIS layout."""
    sequences: tuple[str, ...]
    start: Start
    out: Path
    grabcut_frames: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it, in words; empty where all is well."""

    unavailable: str = ""
    """Why the system cannot be run at all, such as weights that are not there."""
    failed: tuple[str, ...] = ()
    """A line for each sequence without results."""


def is_measured(job: Job) -> bool:
    """Whether all records of a reference point are there; of a tracker only its process can say."""
    if job.tracker != REFERENCE:
        return False
    files = [record_file(job.out, job.tracker, job.parameter, name) for name in job.sequences]
    return all(read_record(path, reference_stamp(job)) is not None for path in files)


def reference_stamp(job: Job) -> str:
    """What a reference point is measured with: the number of frames, or box2mask's weights."""
    sampled = REFERENCES[job.parameter].sampled
    return f"{job.grabcut_frames} frames" if sampled else file_hash(existing_weight_file(None))


def measure_apart(job: Job) -> Outcome:
    """As `measure`, in a new process.

    One that dies takes nobody with it; what it finished is stored.
    """
    if is_measured(job):
        return Outcome()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        try:
            return pool.submit(measure, job, host.resolve().name).result()
        except BrokenProcessPool:
            return Outcome(unavailable="its process died, perhaps for want of memory")


def measure(job: Job, host_name: str = "auto") -> Outcome:
    """Make the records that are not there yet.

    Raises:
        UserError: stored results are of other weights; or a true mask cannot be read.
    """
    host.resolve(host_name)
    from tracker_ext.evaluation.sequences import find_sequences
    from tracker_ext.systems.first_masks import start_from_boxes

    wanted = set(job.sequences)
    sequences = [one for one in find_sequences(job.dataset) if one.name in wanted]
    if job.start == "box":
        for sequence in sequences:
            start_from_boxes(sequence, job.out / "first_masks")
    return _measure_reference(job, sequences) if job.tracker == REFERENCE else _measure_tracker(job, sequences)


def _measure_reference(job: Job, sequences: list[Any]) -> Outcome:
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.segmentation.api import load_box2mask
    from tracker_ext.systems.first_masks import annotated_frames

    reference, stamp = REFERENCES[job.parameter], reference_stamp(job)
    net = cache(load_box2mask)
    for sequence in sequences:
        path = record_file(job.out, job.tracker, job.parameter, sequence.name)
        if read_record(path, stamp) is not None:
            continue
        material = Material(annotated_frames(sequence), job.grabcut_frames, net)
        found = measure_reference(reference, sequence, material, protocol_of(job.dataset))
        given = reference.given or f"first {job.start}"
        write_record(path, _record(stamp, given, found.values, found.seconds, (peak_memory(), peak_gpu_memory())))
    return Outcome()


def _measure_tracker(job: Job, sequences: list[Any]) -> Outcome:
    from tracker_ext import tracker_handle, tracking_command
    from tracker_ext.evaluation.protocols import protocol_of
    from tracker_ext.evaluation.results import StoredResult
    from tracker_ext.evaluation.run_record import differences, note_run
    from tracker_ext.evaluation.scoring import score_stored_masks

    try:
        tracker = tracker_handle.TrackerHandle(job.tracker, job.parameter, out=job.out)
        facts = tracking_command.describe(tracker)
    except UserError as error:
        return Outcome(unavailable=one_line(error))
    given = _given(tracker, job.start)
    results, masks = Path(tracker.results_dir), Path(tracker.segmentation_dir)
    results.mkdir(parents=True, exist_ok=True)
    done = [one.name for one in sequences if tracker_handle.has_results(tracker, one)]
    others = differences(results, done, facts, "weights")
    if others:
        raise UserError(f"{job.tracker} {job.parameter}: {results} has {others[0]}; give another --out")
    failed = []
    for sequence in sequences:
        path = record_file(job.out, job.tracker, job.parameter, sequence.name)
        if sequence.name not in done:
            path.unlink(missing_ok=True)
            failures = tracker_handle.run(tracker, [sequence])
            if failures:
                failed.append(f"{sequence.name}: {failures[0].message}")
                continue
            note_run(results, facts, [sequence.name])
        files = tracker_handle.result_files(tracker, sequence)
        stamp = " ".join(str(file.stat().st_mtime_ns) for file in files)
        if read_record(path, stamp) is None:
            memory = (peak_memory(), peak_gpu_memory()) if sequence.name not in done else (0.0, 0.0)
            stored = StoredResult(sequence, masks, results)
            values = score_stored_masks(stored, protocol_of(job.dataset)).values
            write_record(path, _record(stamp, given, values, stored.seconds_per_frame() or 0.0, memory))
    return Outcome(failed=tuple(failed))


def _given(tracker: Any, start: Start) -> str:
    """What a tracker begins with; where masks are given, one may still know boxes alone."""
    kind = tracker.tracker_class(tracker.get_parameters())
    return f"first {getattr(kind, 'starts_from', 'mask') if start == 'mask' else start}"


def _record(stamp: str, given: str, values: list[Any], seconds: float, memory: tuple[float, float]) -> Record:
    return Record(stamp=stamp, given=given, values=values, seconds=seconds, memory=memory[0], gpu_memory=memory[1])


def _quiet() -> None:
    """Ctrl-C ends the process without a word; the one that started it says what there is to say."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
