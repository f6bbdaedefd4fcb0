"""Files as pytracking writes them, with drawn weights; made here, so that no upstream is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from upstream_networks import drawn_state, write_checkpoint

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shapes() -> dict[str, dict[str, list[int]]]:
    """Published file -> names and shapes of its tensors."""
    content = json.loads((HERE / "published.json").read_text())
    content["lwl_boxinit"] = content["lwl_stage2"] | content["lwl_boxinit"]
    return content


@pytest.fixture(scope="session")
def published(shapes, tmp_path_factory):
    """`published(kind)`: a file with drawn weights; made once."""
    folder = tmp_path_factory.mktemp("published")

    def make(kind: str) -> Path:
        path = folder / f"{kind}.pth"
        return path if path.exists() else write_checkpoint(path, drawn_state(shapes[kind]), kind)

    return make
