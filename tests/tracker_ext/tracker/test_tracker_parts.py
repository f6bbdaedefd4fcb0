"""Crumbs of a mask."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.tracker.small_parts import drop_small_parts


@pytest.mark.parametrize(
    ("min_part", "left"),
    [
        pytest.param(0.0, 100 + 9 + 1, id="keep all"),
        pytest.param(0.05, 100 + 9, id="the single pixel goes"),
        pytest.param(0.5, 100, id="only the largest"),
    ],
)
def test_small_parts(min_part: float, left: int) -> None:
    mask = np.zeros((30, 30), dtype=bool)
    mask[0:10, 0:10] = mask[20:23, 20:23] = mask[15, 15] = True
    kept = drop_small_parts(mask, min_part)
    assert kept.sum() == left
    assert not (kept & ~mask).any()


def test_no_parts() -> None:
    assert not drop_small_parts(np.zeros((5, 5), dtype=bool), 0.5).any()
