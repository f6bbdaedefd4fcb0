"""Scripts of a checkout and subcommands of the installed program: one text serves both."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from ltr_ext.errors import CommandLine, UserError
from ltr_ext.program import SCRIPTS, as_called

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    ("python run_annotate.py video clip.mp4", "box2mask annotate video clip.mp4"),
    ("goes with run_tracker.py ... --box x,y,w,h; or run_export.py", "goes with box2mask track ... --box x,y,w,h; or "
     "box2mask export"),
    ("run_evaluation.py's table", "box2mask evaluate's table"),
    ("python ../box2mask/run_annotate.py x", "python ../box2mask/run_annotate.py x"),
    ("rerun_training.py and run_python.py stay", "rerun_training.py and run_python.py stay"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "installed"), TEXTS)
@pytest.mark.parametrize("started", ["/venv/bin/box2mask", "box2mask", "box2mask.exe"])
def test_texts_of_the_program(text, installed, started, monkeypatch):
    monkeypatch.setattr(sys, "argv", [started, "annotate"])
    assert as_called(text) == installed
    assert str(pickle.loads(pickle.dumps(UserError(text)))) == installed


@pytest.mark.parametrize(("text", "installed"), TEXTS)
def test_texts_of_a_checkout(text, installed, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/me/box2mask/run_annotate.py"])
    assert as_called(text) == text


def test_help_of_the_program(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/venv/bin/box2mask"])
    line = CommandLine(prog="run_tracker.py", epilog="example:  python run_tracker.py x")
    line.add_argument("--box", help="see run_annotate.py")
    text = line.format_help()
    assert "usage: box2mask track" in text and "example: box2mask track x" in text and "run_" not in text


def test_every_script_has_its_subcommand():
    assert sorted(SCRIPTS.values()) == sorted(path.name for path in ROOT.glob("run_*.py"))
    commands = {path.stem for path in (ROOT / "tracker_ext" / "commands").glob("*.py")} - {"__init__", "box2mask"}
    parts = {"annotate_options", "compare"}  # of annotate and evaluate
    assert parts < commands and set(SCRIPTS) == commands - parts
