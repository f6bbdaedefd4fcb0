"""The processes that make the sequences of a job: this one, or several others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.annotation.job import AnnotationJob
from tracker_ext.annotation.sequence_run import Outcome, run_sequence
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.confidence import Calibration, load_calibration

ATTEMPTS = 2
"""A sequence whose worker dies is given to another one; if that dies too, the sequence has failed."""

OnOutcome = Callable[[Outcome], None]


@lru_cache(maxsize=1)
def network_for(weights: Path, variant: str | None) -> tuple[Box2MaskNet, Calibration | None]:
    """The network of a job and the calibration of its confidences, read once per process.

    Args:
        weights: the weight file.
        variant: None for that of the weights. `iterative` weights can also run without refinement, as
            `multi_frame_plus`.

    Raises:
        UserError: unreadable weights, or weights of another variant.
    """
    net = load_box2mask(weights)
    own = net.config.variant
    if variant in (None, own):
        return net, load_calibration(weights)
    if (own, variant) != ("iterative", "multi_frame_plus"):
        raise UserError(f"--variant {variant}: the weights {weights} are of variant {own}; name others with --weights")
    return net.without_refinement(), None


def run_one(name: str, job: AnnotationJob) -> Outcome:
    """Make one sequence with the network of this process."""
    return run_sequence(job, name, *network_for(job.weights, job.settings.variant))


def run_here(job: AnnotationJob, names: Sequence[str], on_outcome: OnOutcome) -> None:
    """Make one sequence after the other in this process; end early if nothing can be written any more."""
    for name in names:
        outcome = run_one(name, job)
        on_outcome(outcome)
        if outcome.status == "stopped":
            return


def run_in_processes(job: AnnotationJob, names: Sequence[str], workers: int, on_outcome: OnOutcome) -> None:
    """Make sequences in several processes; what a worker was making when it died, another one makes.

    Args:
        job: its output folder is open.
        names: in the order in which they are begun.
        workers: number of processes.
        on_outcome: called in this process, once per sequence.
    """
    pool = _Pool(job, deque(names), min(workers, len(names)))
    try:
        for outcome in pool.outcomes():
            on_outcome(outcome)
    finally:
        pool.end()


class _Worker:
    """A process, and the name of the sequence that it is making."""

    def __init__(self, job: AnnotationJob, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, job, threads), daemon=True)
        self.process.start()
        theirs.close()
        self.name: str | None = None

    def give(self, name: str) -> None:
        self.name = name
        self.connection.send(name)


class _Pool:
    """Gives names to workers, and replaces workers that die."""

    def __init__(self, job: AnnotationJob, pending: deque[str], workers: int) -> None:
        self._job, self._pending = job, pending
        self._threads = max(1, (os.cpu_count() or 1) // max(workers, 1))
        self._deaths: Counter[str] = Counter()
        self._workers = [_Worker(job, self._threads) for _ in range(workers)]

    def outcomes(self) -> Iterator[Outcome]:
        """What comes of the sequences, as they end; stops early if nothing can be written any more."""
        stopped = False
        for worker in self._workers:
            self._feed(worker)
        while any(worker.name is not None for worker in self._workers):
            by_connection = {worker.connection: worker for worker in self._workers if worker.name is not None}
            for connection in wait(list(by_connection)):
                worker = by_connection[connection]  # type: ignore[index]
                outcome = self._receive(worker)
                if outcome is not None:
                    stopped = stopped or outcome.status == "stopped"
                    yield outcome
                if stopped:
                    self._pending.clear()
                self._feed(worker)

    def _receive(self, worker: _Worker) -> Outcome | None:
        """The outcome that a worker sends. If it died instead: None, or a failure after the last attempt."""
        name = worker.name
        assert name is not None
        worker.name = None
        try:
            return worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            code = worker.process.exitcode
            worker.connection.close()
            self._workers.remove(worker)
            self._deaths[name] += 1
            again = self._deaths[name] < ATTEMPTS
            if again:
                self._pending.append(name)
            if self._pending:
                self._workers.append(_Worker(self._job, self._threads))
                self._feed(self._workers[-1])
            return None if again else Outcome(name, "failed", f"its worker died twice (exit code {code})")

    def _feed(self, worker: _Worker) -> None:
        if self._pending and worker in self._workers:
            worker.give(self._pending.popleft())

    def end(self) -> None:
        """End all workers: idle ones end by themselves, busy ones (after Ctrl-C) are stopped."""
        for worker in self._workers:
            worker.connection.close()
            if worker.name is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _serve(connection: Connection, job: AnnotationJob, threads: int) -> None:
    """What a worker does: receive names and send outcomes until the other side closes or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one decides
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    torch.set_num_threads(threads)
    while True:
        try:
            name = connection.recv()
            connection.send(run_one(name, job))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    """End this worker as soon as its parent dies, so that its sequence is not locked when the next run comes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
