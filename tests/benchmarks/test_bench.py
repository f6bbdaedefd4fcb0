"""`make bench`: rows, medians, table; one row really runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.bench import measure
from benchmarks.bench.measure import Measured, Pair, Row, Skipped

ROOT = Path(__file__).parents[2]


def row(build, compared="upstream"):
    return Row("name", "frame", compared, 2.0, build)


def test_ratio_is_the_median_over_pairs():
    done = measure.summary(row(None), [1.0, 2.0, 4.0], [4.0, 4.0, 4.0])
    assert (done.ours, done.other, done.ratio, done.pairs) == (2000.0, 4000.0, 2.0, 3)


def test_growth_is_ours_over_the_smaller_task():
    assert measure.summary(row(None, "ourselves"), [3.0], [2.0]).ratio == 1.5


def test_pairs_are_interleaved_after_a_warm_up():
    order = []
    measure.measure(row(lambda: Pair(lambda: order.append("o"), lambda: order.append("t"))), 2)
    assert "".join(order) == "ototot"


def test_units_divide():
    def work():
        return sum(range(200_000))

    done = measure.measure(row(lambda: Pair(work, work, ours_units=1000)), 3)
    assert done.ours < done.other / 100


def test_a_row_that_cannot_run_says_why():
    def build():
        raise Skipped("needs pytracking")

    done = measure.measure(row(build), 1)
    assert done.skipped == "needs pytracking" and done.ratio is None
    assert "skipped: needs pytracking" in measure.markdown([done])


def test_table():
    lines = measure.markdown([Measured("a", "frame", "upstream", 2.0, 10.0, 25.0, 2.5, 5)]).splitlines()
    assert lines[-1] == "| a | frame | 10.0 | upstream | 25.0 | 2.50 | >= 2 |"
    assert {line.count("|") for line in lines} == {8}


def bench(*arguments, **environment):
    import os

    kept = {name: value for name, value in os.environ.items() if name not in ("PYTRACKING_HOME", "BOX2MASK_HOST")}
    command = [sys.executable, "-m", "benchmarks.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, env=kept | environment, capture_output=True, text=True)


def test_rows_are_listed_and_chosen():
    done = bench("--list", "--rows", "lite tracker")
    assert done.stdout.splitlines() == ["lite tracker", "lite tracker, 4 objects : 1"]


def test_an_unknown_row_is_refused():
    done = bench("--rows", "sovler")
    assert done.returncode == 2 and "--rows sovler" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif((ROOT / "pytracking" / "ltr").exists(), reason="pytracking is checked out")
def test_without_pytracking_its_rows_are_left_out_and_the_others_run(tmp_path):
    names = ("--rows", "lwl update", "run_annotate.py video")
    done = bench(*names, "--pairs", "1", "--out", str(tmp_path / "speed"))
    assert done.returncode == 0, done.stderr
    skipped, measured = json.loads((tmp_path / "speed.json").read_text())["rows"]
    assert "PYTRACKING_HOME" in skipped["skipped"] and measured["ours"] > 0
    assert (tmp_path / "speed.md").read_text().count("| ") > 10
