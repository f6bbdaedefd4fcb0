"""Where the next frame is searched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracker_ext.tracker.config import LWLTrackerConfig
from tracker_ext.tracker.search import SearchState

CONFIG = LWLTrackerConfig()


def rectangle(x: int, y: int, w: int, h: int) -> np.ndarray:
    mask = np.zeros((200, 300), dtype=bool)
    mask[y : y + h, x : x + w] = True
    return mask


def test_place_of_a_rectangle() -> None:
    state = SearchState.of_mask(rectangle(40, 60, 80, 30))
    assert state.centre == pytest.approx((80, 75))
    assert state.size == pytest.approx((80 * 4 / np.sqrt(12), 30 * 4 / np.sqrt(12)), rel=0.01)


@pytest.mark.parametrize(("w", "h"), [(1, 1), (1, 50), (50, 1)])
def test_thin_masks_have_a_size(w: int, h: int) -> None:
    state = SearchState.of_mask(rectangle(10, 10, w, h))
    assert min(state.size) >= 1
    state.crop((200, 300), (64, 64), CONFIG)


@pytest.mark.parametrize(
    ("side", "factor"),
    [pytest.param(60, 1.0, id="same"), pytest.param(200, 1.12, id="jump up"), pytest.param(20, 0.9, id="jump down")],
)
def test_size_changes_slowly(side: int, factor: float) -> None:
    before = SearchState.of_mask(rectangle(20, 0, 60, 60))
    after = before.after(rectangle(20, 0, side, side), CONFIG)
    assert after.size[0] / before.size[0] == pytest.approx(factor, rel=0.01)
    assert after.lost == 0


def test_lost_then_found() -> None:
    state = before = SearchState.of_mask(rectangle(100, 80, 30, 30))
    widths = []
    for _ in range(12):
        state = state.after(np.zeros((200, 300), dtype=bool), CONFIG)
        widths.append(state.crop((200, 300), (64, 64), CONFIG).width)
    assert (state.centre, state.size, state.lost) == (before.centre, before.size, 12)
    assert widths == sorted(widths) and widths[0] > before.crop((200, 300), (64, 64), CONFIG).width
    assert widths[-1] == widths[-2] == pytest.approx(2 * before.crop((200, 300), (64, 64), CONFIG).width, abs=2)
    found = state.after(rectangle(120, 90, 30, 30), CONFIG)
    assert found.lost == 0 and found.centre == pytest.approx((135, 105))


def test_a_few_pixels_are_not_the_object() -> None:
    before = SearchState.of_mask(rectangle(20, 20, 60, 60))
    assert before.after(rectangle(200, 150, 3, 3), CONFIG) == replace(before, lost=1)
    assert before.after(rectangle(200, 150, 3, 3), replace(CONFIG, min_area_share=0)).lost == 0


@pytest.mark.parametrize("wrong", [
    {"start": "point"}, {"memory_size": 1}, {"update_interval": 0}, {"precision": "int8"}, {"learning_rate": 1.0},
    {"max_size_change": (1.1, 1.2)}, {"search_scale": 0.5}, {"box_scale": 0.5},
])  # fmt: skip
def test_contradictory_options(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LWLTrackerConfig(**wrong)
