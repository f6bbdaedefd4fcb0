"""Who makes the sequences of a job: this process, or several beside it."""

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
"""A sequence whose worker dies is given to another one; a second death is taken for its fault."""

Report = Callable[[Outcome], None]


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
    # The network is shared by all who load these weights.
    shorter = Box2MaskNet.__new__(Box2MaskNet)
    shorter.__dict__ = {**net.__dict__, "_modules": dict(net._modules)}
    shorter.mask_encoder = shorter.refined_aggregation = None
    return shorter, None


def run_one(name: str, job: AnnotationJob) -> Outcome:
    """One sequence, with the network of this process."""
    return run_sequence(job, name, *network_for(job.weights, job.settings.variant))


def run_here(job: AnnotationJob, names: Sequence[str], report: Report) -> None:
    """One after the other in this process, until nothing can be written any more."""
    for name in names:
        outcome = run_one(name, job)
        report(outcome)
        if outcome.status == "stopped":
            return


def run_in_processes(job: AnnotationJob, names: Sequence[str], workers: int, report: Report) -> None:
    """Several processes; a worker that dies loses only the sequence in its hands, which another one takes.

    Args:
        job: its output folder is open.
        names: in the order in which they are begun.
        workers: number of processes.
        report: called in this process, once per sequence.
    """
    pool = _Pool(job, deque(names), min(workers, len(names)))
    try:
        for outcome in pool.outcomes():
            report(outcome)
    finally:
        pool.end()


class _Worker:
    """A process and the name it has in hand."""

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
    """Hands out names to workers, replaces dead ones."""

    def __init__(self, job: AnnotationJob, pending: deque[str], workers: int) -> None:
        self._job, self._pending = job, pending
        self._threads = max(1, (os.cpu_count() or 1) // max(workers, 1))
        self._deaths: Counter[str] = Counter()
        self._workers = [_Worker(job, self._threads) for _ in range(workers)]

    def outcomes(self) -> Iterator[Outcome]:
        """As they come; ends when all names are done, or nothing can be written."""
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
        """What a worker says; its end if it died."""
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
        """Idle workers end by themselves; others, after Ctrl-C, are stopped."""
        for worker in self._workers:
            worker.connection.close()
            if worker.name is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _serve(connection: Connection, job: AnnotationJob, threads: int) -> None:
    """A worker: names in, outcomes out, until the other side is closed or gone."""
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
    """A worker whose first process was killed stops at once, so that the next run finds its sequence free."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
