"""Miniature videos, and the fake tracker, known to the host under the name `fake`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from miniature import write_frame, write_mask

FAKES = Path(__file__).parent / "fakes"
sys.path.insert(0, str(FAKES))


@pytest.fixture
def video(tmp_path: Path) -> Callable[..., object]:
    """`video(name, frames=3, objects=1, height=24)`: a host `Sequence` on disk; objects move right by a pixel."""
    from pytracking.evaluation import Sequence

    def make(name: str, frames: int = 3, objects: int = 1, height: int = 24, width: int = 32) -> Sequence:
        paths, masks = [], []
        boxes = {
            str(i): np.array([[2 + t, 2 + 8 * (i - 1), 6, 6] for t in range(frames)]) for i in range(1, objects + 1)
        }
        for t in range(frames):
            paths.append(tmp_path / "videos" / name / f"{t:05d}.png")
            write_frame(paths[-1], height, width)
            masks.append(tmp_path / "masks" / name / f"{t:05d}.png")
            write_mask(masks[-1], {int(i): tuple(box[t]) for i, box in boxes.items()}, height, width)
        frame_paths = [str(path) for path in paths]
        if objects == 1:
            return Sequence(name, frame_paths, "mini", boxes["1"].astype(float))
        return Sequence(
            name,
            frame_paths,
            "mini",
            boxes,
            ground_truth_seg=[str(mask) for mask in masks],
            object_ids=list(boxes),
            multiobj_mode=True,
        )

    return make


@pytest.fixture(scope="session")
def fake_parameters() -> None:
    """Add the fake tracker's parameter modules to the host."""
    import pytracking.parameter

    pytracking.parameter.__path__.append(str(FAKES / "parameter"))
