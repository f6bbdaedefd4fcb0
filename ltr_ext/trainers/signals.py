"""Handles Ctrl-C and SIGTERM as a request to stop instead of an exception in the middle of a step."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """A context in which the first Ctrl-C or SIGTERM only sets `requested`, and the second acts as usual.

    Outside the main thread, where Python allows no signal handlers, it has no effect.

    Args:
        patient: whether later signals are ignored, too.
    """

    def __init__(self, patient: bool = False) -> None:
        self.requested = False
        self.patient = patient
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self.patient:
            return
        self._restore()
        # Not `print`, since the signal may have interrupted another call of `print`.
        os.write(2, b"\nstopping after this iteration, with a checkpoint (once more: at once, without)\n")

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}


def init_worker(then: Callable[[int], None] | None, worker: int) -> None:
    """The `worker_init_fn` of data workers: they ignore a Ctrl-C in the terminal, since the trainer handles it.

    Args:
        then: the loader's own `worker_init_fn`, if any.
        worker: number of the worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if then is not None:
        then(worker)
