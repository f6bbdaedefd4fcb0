"""Files as pytracking writes them, with drawn weights; made here, so that no upstream is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from upstream_networks import drawn_state, write_checkpoint

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shapes() -> dict[str, dict[str, list[int]]]:
    """Upstream's file -> names and shapes of its tensors."""
    content = json.loads((HERE / "upstream.json").read_text())
    content["lwl_boxinit"] = content["lwl_stage2"] | content["lwl_boxinit"]
    return content


@pytest.fixture(scope="session")
def upstream_file(shapes, tmp_path_factory):
    """`upstream_file(kind)`: a file with drawn weights; made once."""
    folder = tmp_path_factory.mktemp("upstream")

    def make(kind: str) -> Path:
        path = folder / f"{kind}.pth"
        return path if path.exists() else write_checkpoint(path, drawn_state(shapes[kind]), kind)

    return make
