"""Ctrl-C and SIGTERM as a request, not as an exception in the middle of a step."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Context in which the first Ctrl-C or SIGTERM only sets `requested`; the second acts as usual.

    Outside the main thread, where Python allows no signal handlers, nothing is changed.

    Args:
        patient: the second and later ones do nothing either.
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
        # not print: the signal may have come in the middle of one
        os.write(2, b"\nstopping after this iteration, with a checkpoint (once more: at once, without)\n")

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}


def init_worker(then: Callable[[int], None] | None, worker: int) -> None:
    """`worker_init_fn` of data workers: a Ctrl-C in the terminal reaches them too, but the trainer decides.

    Args:
        then: the loader's own `worker_init_fn`, if any.
        worker: number of the worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if then is not None:
        then(worker)
