"""Threads around the network: frames are decoded ahead of it, results are written behind it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item")

DEPTH = 8
"""Items that wait between two stages; what bounds the memory."""


def ahead(items: Iterable[Item], depth: int = DEPTH) -> Generator[Item, None, None]:
    """Iterate in a thread of its own, at most `depth` items ahead; an exception arrives in its place.

    Closing the iterator (or its end) ends the thread.
    """
    waiting: queue.Queue[tuple[bool, object]] = queue.Queue(depth)
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


class Behind:
    """Context manager that does one job at a time in a thread of its own, at most `depth` jobs behind.

    An exception of a job is raised by the next `do`, or at the end; jobs after it are dropped.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="write", daemon=True)

    def __enter__(self) -> Behind:
        self._thread.start()
        return self

    def do(self, job: Callable[[], None]) -> None:
        """Have a job done; waits while `depth` jobs are waiting."""
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
