"""Threads around the network: one decodes frames in advance, another one writes results in the background."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item")

QUEUE_SIZE = 8
"""Items that wait between two threads at most; it bounds the memory."""


def prefetch(items: Iterable[Item], size: int = QUEUE_SIZE) -> Generator[Item, None, None]:
    """Iterate in another thread, which reads at most `size` items in advance.

    Closing the iterator ends the thread, and so does its last item.

    Args:
        items: read by the other thread alone.
        size: items that may wait.

    Yields:
        The items, in order. An exception that reading one raises is raised in its place.
    """
    waiting: queue.Queue[tuple[bool, object]] = queue.Queue(size)
    stop = threading.Event()

    def put(entry: tuple[bool, object]) -> bool:
        while not stop.is_set():
            try:
                waiting.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as error:
            put((False, error))

    thread = threading.Thread(target=read, name="decode", daemon=True)
    thread.start()
    try:
        while True:
            is_item, entry = waiting.get()
            if is_item:
                yield entry  # type: ignore[misc]
            elif entry is None:
                return
            else:
                raise entry  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()


class BackgroundWriter:
    """Context manager that does jobs in another thread, one after the other; leaving it waits for the last one.

    An exception that a job raises is raised by the next `submit`, or at the end; the jobs after it are dropped.
    """

    def __init__(self, size: int = QUEUE_SIZE) -> None:
        """`size`: jobs that may wait."""
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(size)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="write", daemon=True)

    def __enter__(self) -> BackgroundWriter:
        self._thread.start()
        return self

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done; blocks while as many jobs are waiting as may."""
        if self._error is not None:
            raise self._error
        self._waiting.put(job)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    job()
                except BaseException as error:
                    self._error = error
