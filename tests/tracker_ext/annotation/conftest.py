"""A tiny data set on disk, and the command on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniatures.job_files import NAMES, annotate, got10k
from miniatures.review_browser import browser, page, report

__all__ = ["browser", "page", "report"]


@pytest.fixture
def data(tmp_path) -> Path:
    """Three sequences in GOT-10k layout."""
    return got10k(tmp_path / "data", NAMES)


@pytest.fixture
def run(data, tmp_path, tiny_weights):
    """`run_annotate.py folder` on the data, with small windows."""

    def call(*options: str | Path, out: Path = tmp_path / "out", path: Path = data) -> int:
        return annotate(
            "folder", path, "--out", out, "--weights", tiny_weights, "--frames", 3, "--interval", 2, *options
        )

    return call
