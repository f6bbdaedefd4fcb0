"""Progress where there is a terminal and where there is none."""

from __future__ import annotations

import io

import pytest

from ltr_ext import progress
from ltr_ext.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(file: io.StringIO, clock: list[float], seconds: float, steps: int = 6) -> list[str]:
    """So many steps of so many seconds; returns what was written, line by line."""
    with Progress(total=steps, desc="clips", unit="clip", file=file, disable=None) as bar:
        for _ in range(steps):
            clock[0] += seconds
            bar.set_postfix_str("fine", refresh=True)
            bar.update()
    return file.getvalue().split("\n")[:-1]


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    return now


def test_a_line_a_minute_without_a_terminal(clock):
    lines = work(io.StringIO(), clock, seconds=30)
    assert len(lines) == 3 and all("\r" not in line for line in lines)
    assert lines[0].startswith("clips") and "fine" in lines[0] and "3/6" in lines[1]


def test_short_work_leaves_nothing_in_a_log(clock):
    assert work(io.StringIO(), clock, seconds=5) == []


def test_a_bar_on_a_terminal(clock):
    lines = work(Terminal(), clock, seconds=5)
    assert len(lines) == 1 and "\r" in lines[0]


def test_what_is_written_beside_it_brings_no_further_line(clock, capsys):
    with Progress(total=3, desc="clips") as bar:
        clock[0] += 61
        bar.update()
        Progress.write("failed: a")
        bar.update()
    found = capsys.readouterr()
    assert found.out == "failed: a\n" and found.err.count("\n") == 1 and "\r" not in found.err


def test_what_is_disabled_says_nothing(clock):
    file = io.StringIO()
    with Progress(total=3, file=file, disable=True) as bar:
        clock[0] += 100
        bar.update()
    assert file.getvalue() == ""


def test_it_goes_through_what_it_is_given(clock):
    assert list(Progress(range(3), file=io.StringIO())) == [0, 1, 2]
