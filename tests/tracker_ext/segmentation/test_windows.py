"""Window schedules: coverage, counts, span."""

from __future__ import annotations

import pytest

from tracker_ext.segmentation.windows import MODES, fit, schedule, span

LENGTHS = [1, 2, 3, 4, 5, 7, 24, 25, 26, 49, 50, 51, 75, 76, 101, 333]
SHAPES = [(1, 1), (1, 15), (2, 3), (3, 1), (5, 5), (5, 15), (9, 15)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("num_boxed", LENGTHS)
@pytest.mark.parametrize(("num_frames", "interval"), SHAPES)
def test_promises(mode, num_boxed, num_frames, interval):
    windows = list(schedule(mode, num_boxed, num_frames, interval))
    fitted, shrunk = fit(num_boxed, num_frames, interval)
    assert sorted(position for window in windows for position in window.kept) == list(range(num_boxed))
    assert [window.frames[-1] for window in windows] == sorted(window.frames[-1] for window in windows)
    for window in windows:
        assert len(window.frames) == fitted
        assert set(window.kept) <= set(window.frames)
        assert window.frames[0] >= 0 and window.frames[-1] < num_boxed
        assert window.frames[-1] - window.frames[0] + 1 <= span(fitted, shrunk) <= span(num_frames, interval)


@pytest.mark.parametrize(
    ("num_boxed", "expected"),
    [
        pytest.param(100, (5, 15), id="long enough"),
        pytest.param(75, (5, 15), id="exactly one block"),
        pytest.param(74, (5, 14), id="one frame short: the interval shrinks"),
        pytest.param(5, (5, 1), id="interval 1 is the last to fit"),
        pytest.param(4, (4, 1), id="then T shrinks"),
        pytest.param(1, (1, 1), id="one frame"),
    ],
)
def test_short_videos_shrink_interval_then_frames(num_boxed, expected):
    assert fit(num_boxed, 5, 15) == expected


@pytest.mark.parametrize(
    ("mode", "num_boxed", "count"),
    [
        pytest.param("strided", 0, 0, id="nothing boxed"),
        pytest.param("strided", 150, 30, id="whole blocks: N / T"),
        pytest.param("strided", 100, 20, id="25 frames over: the interval of the last block is 5"),
        pytest.param("strided", 153, 31, id="three frames over: one more window"),
        pytest.param("strided", 151, 31, id="one frame over: one more"),
        pytest.param("strided", 200, 40, id="half a block over: still N / T"),
        pytest.param("centred", 150, 150, id="one per frame"),
    ],
)
def test_number_of_windows(mode, num_boxed, count):
    assert len(list(schedule(mode, num_boxed, 5, 15))) == count


def test_strided_windows_of_the_paper():
    windows = list(schedule("strided", 8, 3, 2))
    assert [window.frames for window in windows] == [(0, 2, 4), (1, 3, 5), (5, 6, 7)]
    assert [window.kept for window in windows] == [(0, 2, 4), (1, 3, 5), (6, 7)]


def test_a_single_frame_that_is_left_keeps_the_interval():
    *_, last = schedule("strided", 7, 3, 2)
    assert (last.frames, last.kept) == ((2, 4, 6), (6,))


def test_centred_window_stays_inside():
    frames = {window.kept[0]: window.frames for window in schedule("centred", 7, 3, 2)}
    assert frames[0] == (0, 2, 4)
    assert frames[3] == (1, 3, 5)
    assert frames[6] == (2, 4, 6)
