"""The Dockerfile gets what it needs, and no more."""

from __future__ import annotations

import re
from pathlib import Path

from test_setup import SAID
from test_wheel import FOLDERS

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_wheel_s_files_are_let_through():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    files = {"setup.py", "pyproject.toml", "README.md", "LICENSE", "settings/paths.example.toml"}
    assert "*" in lines and let_through == {*FOLDERS, *files} - {"settings"}
    assert all((ROOT / name).exists() for name in let_through)


def test_pytorch_is_of_the_versions_that_setup_py_allows():
    asked = re.findall(r'"(torch\w*[^"]*)"', DOCKERFILE)
    assert asked == [entry for entry in SAID["install_requires"] if entry.startswith("torch")]


def test_extras_exist():
    extras = re.search(r"/src\[([\w,]+)\]", DOCKERFILE)[1].split(",")
    assert set(extras) <= set(SAID["extras_require"])
