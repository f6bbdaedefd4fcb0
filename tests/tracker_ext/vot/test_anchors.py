"""Where runs start, how long they are, and over which lengths EAO is averaged."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.vot.anchors import choose_anchors, eao_window, run_lengths


def anchors_of(areas: list[float], spacing: int) -> dict[int, int]:
    anchors = choose_anchors(np.array(areas), spacing)
    return {int(frame): int(anchors[frame]) for frame in np.flatnonzero(anchors)}


@pytest.mark.parametrize(
    "areas, spacing, expected",
    [
        pytest.param([9] * 101, 50, {0: 1, 50: -1, 100: -1}, id="VOT2020: 50 frames apart, first and last included"),
        pytest.param([9] * 40, 13, {0: 1, 13: 1, 26: -1, 39: -1}, id="each in the longer direction"),
        pytest.param([9] * 5, 50, {0: 1, 4: -1}, id="shorter than the spacing"),
        pytest.param([0, 0, *[9] * 38], 50, {2: 1, 39: -1}, id="enters late"),
        pytest.param([*[9] * 38, 0, 0], 50, {0: 1, 37: -1}, id="leaves early"),
        pytest.param([*[9] * 19, 1, 1, *[9] * 19], 20, {0: 1, 18: 1, 39: -1}, id="hidden but for a bit in the middle"),
        pytest.param([0] * 10, 5, {}, id="never seen"),
        pytest.param([9], 50, {0: 1}, id="one frame"),
    ],
)
def test_anchors(areas, spacing, expected):
    assert anchors_of(areas, spacing) == expected


def test_every_run_is_at_least_half_of_a_sequence_that_is_always_visible():
    anchors = choose_anchors(np.full(97, 5.0), 10)
    assert min(run_lengths(anchors)) >= 97 / 2


def test_run_lengths_count_to_the_end_and_to_the_beginning():
    assert run_lengths(np.array([1, 0, 0, 1, 0, -1, 0])) == [7, 4, 6]


def test_the_window_reaches_from_the_shortest_to_the_longest_run():
    """Its upper end is left out by the toolkit."""
    assert eao_window([40, 21, 30]) == (20, 40)


@pytest.mark.parametrize("lengths", [[1], [2], [1, 1], [18, 18], [3, 9]])
def test_the_window_is_never_empty_and_within_the_runs(lengths):
    low, high = eao_window(lengths)
    assert 1 <= low < high <= max(2, *lengths)
