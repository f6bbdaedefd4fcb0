"""Runs trackers on a data set."""

from __future__ import annotations

import multiprocessing
import sys
from itertools import product
from typing import Any

from pytracking.evaluation.data import Sequence
from pytracking.evaluation.result_files import results_exist, save_results
from pytracking.evaluation.progress import bar_options
from pytracking.evaluation.tracker import Tracker
from tqdm import tqdm


def run_sequence(seq: Sequence, tracker: Tracker, debug: int = 0, visdom_info: dict[str, Any] | None = None) -> bool:
    """Track a sequence and write its results, unless they exist.

    With `debug` the sequence is always tracked, nothing is written, and exceptions are raised. Without it an exception
    is printed, and the sequence gets no results.

    Returns:
        Whether the sequence has results, or was tracked with `debug`.
    """
    if debug:
        tracker.run_sequence(seq, debug=debug, visdom_info=visdom_info)
        return True
    if results_exist(seq, tracker.results_dir):
        return True
    try:
        output = tracker.run_sequence(seq, debug=0, visdom_info=visdom_info)
        save_results(seq, tracker.results_dir, tracker.segmentation_dir, output)
    except Exception as error:  # one broken sequence must not stop the rest
        print(f"{tracker.name} {tracker.parameter_name} failed on {seq.name}: {error}", file=sys.stderr, flush=True)
        return False
    return True


def run_dataset(
    dataset: list[Sequence],
    trackers: list[Tracker],
    debug: int = 0,
    threads: int = 0,
    visdom_info: dict[str, Any] | None = None,
) -> list[tuple[str, str]]:
    """Run every tracker on every sequence.

    Args:
        dataset: the sequences.
        trackers: the trackers.
        debug: see `run_sequence`.
        threads: number of worker processes, which are spawned and import the entry script again; 0 runs in this process.
        visdom_info: see `Tracker.run_sequence`.

    Returns:
        The failures, as pairs (name of the sequence, name of the tracker).
    """
    jobs = list(product(dataset, trackers))
    bar = tqdm(total=len(jobs), desc="sequences", unit="seq", **bar_options())
    failed = []
    with bar, _runner(threads) as run:
        for (seq, tracker), good in zip(jobs, run(_run_job, [(*job, debug, visdom_info) for job in jobs]), strict=True):
            bar.update()
            if not good:
                failed.append((seq.name, tracker.name))
    return failed


def _run_job(job: tuple[Any, ...]) -> bool:
    return run_sequence(*job)


class _runner:
    """A context with a `map` that runs in this process, or in a pool of spawned processes."""

    def __init__(self, threads: int) -> None:
        self._pool = multiprocessing.get_context("spawn").Pool(threads) if threads else None

    def __enter__(self) -> Any:
        return self._pool.imap if self._pool else map

    def __exit__(self, *exception: object) -> None:
        if self._pool:
            self._pool.terminate()
            self._pool.join()
