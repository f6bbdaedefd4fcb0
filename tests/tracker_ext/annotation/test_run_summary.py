"""What is said at the end of a run: the command for the sequences that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker_ext.annotation.run_summary import retry_command


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["folder", "a b", "--limit", "3"], "folder 'a b' --only F", id="limit"),
        pytest.param(["x", "--shard=1/2", "--only", "q", "--out", "o"], "x --out o --only F", id="shard, only"),
    ],
)
def test_retry_command(arguments, expected):
    assert retry_command(arguments, Path("F")) == f"python run_annotate.py {expected}"


def test_retry_command_names_the_script_that_was_run(monkeypatch):
    monkeypatch.setattr("sys.argv", ["../box2mask/run_annotate.py"])
    assert retry_command(["x"], Path("F")) == "python ../box2mask/run_annotate.py x --only F"


def test_only_what_failed_when_nothing_is_left_that_failed(run, tmp_path, capsys):
    """The retry command, given a second time."""
    out = tmp_path / "out"
    assert run() == 0
    assert run("--only", out / "failed.csv") == 0
    assert "0 sequences" in capsys.readouterr().out
