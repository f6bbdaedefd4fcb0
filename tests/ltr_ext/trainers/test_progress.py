"""What a running training shows."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time

import pytest

from ltr_ext.trainers.progress import Progress

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
    progress = Progress("train", total=20, start=10, every_seconds=60.0)
    for _ in range(5):
        progress.step({})
    assert progress.line({}, progress.began + 10.0) == "train: 15/20  2.00 s/batch  ETA 0:00:10"
