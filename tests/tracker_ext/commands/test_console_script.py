"""The program `box2mask`: what it hands over, and what a process of it begins with."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from ltr_ext.errors import run_command
from ltr_ext.program import SCRIPTS
from tracker_ext.commands import box2mask


def test_every_command_has_a_summary():
    assert list(box2mask.SUMMARIES) == list(SCRIPTS)


@pytest.mark.parametrize("code", [0, 1, 2, None])
def test_the_rest_of_the_line_and_the_exit_code_are_handed_over(monkeypatch, code):
    seen = []
    fake = SimpleNamespace(main=lambda words: seen.append(words) or code)
    monkeypatch.setattr(box2mask, "importlib", SimpleNamespace(import_module=lambda name: fake))
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    assert box2mask.main(["track", "--help", "annotate"]) == (code or 0)
    assert seen == [["--help", "annotate"]]
    assert sys.modules["__main__"].__spec__ == find_spec("tracker_ext.commands.track"), "where a worker begins"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: COMMAND"),
        (["tarck", "lwl"], "did you mean track?"),
        (["--vesion"], "did you mean --version?"),
        (["clip.mp4"], "invalid choice: 'clip.mp4'"),
    ],
)
def test_mistakes_are_one_line(words, said, capsys):
    assert run_command(lambda: box2mask.main(words)) == 2
    error = capsys.readouterr().err
    assert said in error and error.endswith("see box2mask --help\n") and error.count("\n") == 1


@pytest.mark.parametrize("command", ["run_tracker", "tracker_ext.commands.box2mask"])
def test_a_system_without_file_locks_is_refused_in_one_line(command):
    code = f"import sys; sys.modules['fcntl'] = None; import {command}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "has no file locks" in done.stderr
