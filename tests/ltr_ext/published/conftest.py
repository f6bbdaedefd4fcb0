"""Files as pytracking writes them, with drawn weights; made here, so that no upstream is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from upstream_networks import NETWORKS, drawn_state

from ltr_ext.published import writer

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shapes() -> dict[str, dict[str, list[int]]]:
    """Published file -> names and shapes of its tensors."""
    content = json.loads((HERE / "published.json").read_text())
    content["lwl_boxinit"] = content["lwl_stage2"] | content["lwl_boxinit"]
    return content


def write_checkpoint(path: Path, state: dict[str, Any], kind: str, **changes: Any) -> Path:
    """A minimal file of pytracking: tensors and constructor."""
    module, arguments = NETWORKS[kind]
    with writer._known_as(writer.CONSTRUCTOR_MODULE):
        constructor = writer.NetConstructor(f"ltr.models.lwl.{module}", arguments | changes)
        torch.save({"net": state, "constructor": constructor, "net_type": module}, path)
    return path


@pytest.fixture(scope="session")
def published(shapes, tmp_path_factory):
    """`published(kind)`: a file with drawn weights; made once."""
    folder = tmp_path_factory.mktemp("published")

    def make(kind: str) -> Path:
        path = folder / f"{kind}.pth"
        return path if path.exists() else write_checkpoint(path, drawn_state(shapes[kind]), kind)

    return make
