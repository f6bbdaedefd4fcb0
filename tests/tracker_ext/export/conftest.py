"""`run_export.py` in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

import run_export
from ltr_ext.errors import run_command


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command; gives back the output folder, or the one line of complaint."""

    def call(result: Path, formats: str, *more: object, code: int = 0) -> Path:
        out = tmp_path / "out"
        words = [str(result), "--format", formats, "--out", str(out), *map(str, more)]
        assert run_command(lambda: run_export.main(words)) == code, capsys.readouterr().err
        return out

    return call
