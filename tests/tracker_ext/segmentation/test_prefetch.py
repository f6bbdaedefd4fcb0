"""Threads around the network, and locks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from tracker_ext.annotation.lock import SequenceLock
from tracker_ext.segmentation.prefetch import BackgroundWriter, prefetch


def test_prefetch_keeps_the_order_and_reads_at_most_so_many_ahead():
    read: list[int] = []
    items = prefetch((read.append(number) or number for number in range(50)), size=3)
    assert next(items) == 0
    time.sleep(0.3)
    assert len(read) <= 1 + 3 + 1, "one taken, three waiting, one in hand"
    assert list(items) == list(range(1, 50))


def test_prefetch_reads_while_the_other_side_works():
    begun = threading.Event()

    def items():
        yield 1
        begun.set()
        yield 2

    with closing(prefetch(items())) as iterator:
        assert next(iterator) == 1
        assert begun.wait(5), "the second is fetched before it is asked for"


def test_prefetch_hands_on_exceptions_in_their_place():
    def items():
        yield 1
        raise ValueError("broken")

    iterator = prefetch(items())
    assert next(iterator) == 1
    with pytest.raises(ValueError, match="broken"):
        next(iterator)


def test_closing_prefetch_ends_its_thread():
    before = threading.active_count()
    iterator = prefetch(iter(int, 1), size=2)
    next(iterator)
    iterator.close()
    assert threading.active_count() == before


def test_behind_does_all_jobs_in_order_and_in_another_thread():
    done: list[tuple[int, bool]] = []
    with BackgroundWriter(size=2) as writer:
        for number in range(20):
            writer.submit(
                lambda number=number: done.append((number, threading.current_thread() is not threading.main_thread()))
            )
    assert done == [(number, True) for number in range(20)]


def test_behind_raises_what_a_job_raised_and_drops_the_rest():
    done: list[int] = []

    def fail() -> None:
        raise OSError("disk full")

    def many() -> None:
        with BackgroundWriter(size=2) as writer:
            writer.submit(fail)
            for _ in range(100):
                writer.submit(lambda: done.append(1))
                time.sleep(0.01)

    with pytest.raises(OSError, match="disk full"):
        many()
    assert done == []


def test_an_error_of_ones_own_is_not_hidden():
    def fail() -> None:
        with BackgroundWriter() as writer:
            writer.submit(lambda: 1 / 0)
            raise KeyError("mine")

    with pytest.raises(KeyError):
        fail()


def test_a_lock_is_held_by_one(tmp_path):
    path = tmp_path / "a.lock"
    with SequenceLock(path) as first:
        assert first
        with SequenceLock(path) as second:
            assert not second
        assert path.exists(), "who did not get the lock does not remove it"
    assert not path.exists()
    with SequenceLock(path) as again:
        assert again


def test_a_killed_holder_frees_its_lock(tmp_path):
    path = tmp_path / "a.lock"
    code = (
        "import sys, time; from pathlib import Path; from tracker_ext.annotation.lock import SequenceLock\n"
        "with SequenceLock(Path(sys.argv[1])) as got: print(got, flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, env=environment)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"True\n"
    with SequenceLock(path) as got:
        assert not got
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert path.exists()
    with SequenceLock(path) as got:
        assert got
