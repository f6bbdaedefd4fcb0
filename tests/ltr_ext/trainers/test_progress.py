"""What a running training shows."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time

import pytest

from ltr_ext.trainers.progress import Pass, Progress, batches_to_the_end

termios = pytest.importorskip("termios", reason="no pseudo-terminals on this system")


def read_all(master: int) -> str:
    """What was written to a terminal that is closed now; the kernel hands it on in pieces."""
    pieces = []
    with contextlib.suppress(OSError):  # its end
        while piece := os.read(master, 10_000):
            pieces.append(piece)
    os.close(master)
    return b"".join(pieces).decode()


@pytest.mark.parametrize(
    ("columns", "bar"), [pytest.param(110, True, id="terminal"), pytest.param(0, False, id="terminal without a size")]
)
def test_a_bar_on_a_terminal(columns: int, bar: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (30, columns))
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress("train, epoch 3/40", total=20, start=5, every_seconds=0.0) as progress:
            time.sleep(0.15)  # longer than the time between two refreshes
            progress.step({"J": 0.7})
    shown = read_all(master)
    assert bool(re.search(r"6/20 .*batch.*J=0\.7000", shown)) is bar
    assert ("train, epoch 3/40: 6/20  J 0.7000" in shown) is not bar


def test_the_time_left_comes_from_this_run_only() -> None:
    progress = Progress("train", total=20, start=10, every_seconds=60.0, name="train")
    for _ in range(5):
        progress.step({})
    progress.seconds["train"] = 2.0
    assert progress.line({}) == "train: 15/20  2.00 s/batch  ETA 0:00:10"


def test_the_time_left_is_that_of_the_whole_run() -> None:
    """A pass that ran before has its own pace, one that did not yet that of the running one."""
    seconds = {"train": 2.0, "val": 0.5}
    after = {"train": 100, "val": 10, "test": 1}
    progress = Progress("", total=20, start=10, every_seconds=60.0, name="train", after=after, seconds=seconds)
    assert progress.time_left().total_seconds() == 2 * 10 + 200 + 5 + 2


PASSES = [Pass("train", 5, training=True), Pass("val", 2, training=False), Pass("test", 3, training=False, interval=2)]


@pytest.mark.parametrize(
    ("where", "limit", "end", "after"),
    [
        pytest.param((1, 0, 0, 0), None, 5, {"train": 10, "val": 6, "test": 3}, id="three epochs"),
        pytest.param((2, 0, 4, 9), None, 5, {"train": 5, "val": 4, "test": 3}, id="resumed"),
        pytest.param((2, 1, 1, 10), None, 2, {"train": 5, "val": 2, "test": 3}, id="in validation"),
        pytest.param((3, 1, 0, 15), None, 2, {}, id="the last pass"),
        pytest.param((1, 0, 0, 0), 3, 3, {}, id="stops in the first pass"),
        pytest.param((1, 0, 2, 2), 3, 3, {}, id="stops in the first pass, resumed"),
        pytest.param((1, 0, 0, 0), 5, 5, {}, id="stops with the first pass, before validation"),
        pytest.param((1, 0, 0, 0), 7, 5, {"train": 2, "val": 2}, id="stops in the second epoch"),
        pytest.param((1, 1, 0, 5), 7, 2, {"train": 2}, id="stops in the second epoch, from validation"),
        pytest.param((1, 0, 0, 0), 99, 5, {"train": 10, "val": 6, "test": 3}, id="a limit beyond the end"),
    ],
)
def test_what_is_left_of_a_run(where: tuple[int, ...], limit: int | None, end: int, after: dict[str, int]) -> None:
    assert batches_to_the_end(PASSES, *where, max_epochs=3, limit=limit) == (end, after)
