"""Which frames a sample consists of: seen, in order, near each other; the authors' way may repeat one."""

from __future__ import annotations

import numpy as np
import pytest

from ltr_ext.data.frame_choice import distinct_frames, first_and_later_frames

RULES = [distinct_frames, first_and_later_frames]


def drawn(rule, visible, count=3, window=100, draws=400) -> list[list[int] | None]:
    rng = np.random.default_rng(0)
    return [rule(rng, np.array(visible), count, window) for _ in range(draws)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("visible", [range(500), range(0, 500, 5), [3, 4, 5, 6, 7, 8, 9, 200, 201, 202, 203, 204]])
def test_frames_show_the_object_in_order_and_near(rule, visible):
    for numbers in filter(None, drawn(rule, visible)):
        assert len(numbers) == 3 and numbers == sorted(numbers) and set(numbers) <= set(visible)
        assert numbers[-1] - numbers[0] <= 100


def test_the_authors_draw_the_first_anywhere_and_the_others_from_the_100_after_it():
    samples = drawn(first_and_later_frames, range(300), draws=4000)
    first = np.array([numbers[0] for numbers in samples])
    later = np.array([numbers[1:] for numbers in samples]) - first[:, None]
    assert first.min() < 10 and first.max() > 290, "anywhere"
    assert later.min() == 1 and later.max() == 100
    twice = np.mean([numbers[1] == numbers[2] for numbers in samples])
    assert 0.005 < twice < 0.05, "with replacement"
    early = later[first < 200]
    assert abs(early.mean() - 50.5) < 1.5, "uniformly"


def test_the_papers_text_draws_each_once():
    assert all(len(set(numbers)) == 3 for numbers in drawn(distinct_frames, range(5)))


@pytest.mark.parametrize(
    ("rule", "visible", "enough"),
    [
        (distinct_frames, [1, 2], False),
        (distinct_frames, [1, 2, 3], True),
        (distinct_frames, [1, 200, 400], False),
        (first_and_later_frames, range(6), False),
        (first_and_later_frames, range(7), True),
        (first_and_later_frames, range(0, 1400, 200), False),
    ],
)
def test_a_video_may_have_too_few(rule, visible, enough):
    assert all((numbers is not None) is enough for numbers in drawn(rule, visible, draws=20))
