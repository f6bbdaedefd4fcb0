"""A tiny data set in DAVIS layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniatures.squares import make_squares


@pytest.fixture
def davis_root(tmp_path: Path) -> Path:
    """See `make_squares`."""
    return make_squares(tmp_path / "davis")
