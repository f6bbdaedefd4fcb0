"""The paired bootstrap against what statistics says."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_ext.evaluation.bootstrap import paired_bootstrap, sequence_interval


def test_a_constant_gain_is_certain():
    first = {"a": np.array([0.1, 0.5, 0.9]), "b": np.array([0.2, 0.3])}
    gain = paired_bootstrap(first, {name: values + 0.05 for name, values in first.items()})
    assert gain.mean == pytest.approx(0.05)
    for interval in (gain.frames, gain.sequences):
        assert (interval.low, interval.high) == pytest.approx((0.05, 0.05))


def test_each_sequence_counts_the_same():
    zeros = {"long": np.zeros(100), "short": np.zeros(1)}
    assert paired_bootstrap(zeros, {"long": np.zeros(100), "short": np.ones(1)}).mean == pytest.approx(0.5)


def test_a_sequence_may_count_by_its_objects():
    first = {name: np.zeros(4) for name in "abc"}
    second = {"a": np.full(4, 0.3), "b": np.zeros(4), "c": np.zeros(4)}
    gain = paired_bootstrap(first, second, {"a": 4, "b": 1, "c": 1})
    assert gain.mean == pytest.approx(0.2)
    assert (gain.frames.low, gain.frames.high) == pytest.approx((0.2, 0.2)), "within a clip all frames agree"
    assert (gain.sequences.low, gain.sequences.high) == pytest.approx((0.0, 0.3)), "clips come with their weights"


def test_interval_over_frames_is_that_of_the_normal_law():
    rng = np.random.default_rng(0)
    gains = rng.normal(0.01, 0.1, 400)
    found = paired_bootstrap({"a": np.zeros(400)}, {"a": gains}).frames
    half = 1.96 * gains.std() / 20
    assert found.low == pytest.approx(gains.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(gains.mean() + half, abs=0.1 * half)


def test_clips_that_disagree_widen_the_interval_over_clips():
    zeros = {str(i): np.zeros(50) for i in range(6)}
    gain = paired_bootstrap(zeros, {str(i): np.full(50, 0.1 if i % 2 else -0.08) for i in range(6)})
    assert gain.frames.low == pytest.approx(gain.frames.high), "within a clip all frames agree"
    assert gain.sequences.low < 0 < gain.mean < gain.sequences.high


@pytest.mark.parametrize("second", [{}, {"a": np.zeros(3)}, {"a": np.zeros(2), "b": np.zeros(1)}])
def test_other_frames_cannot_be_compared(second):
    with pytest.raises(ValueError, match="same frames"):
        paired_bootstrap({"a": np.zeros(2)}, second)


def test_interval_of_gains_per_sequence_is_that_of_the_sequences():
    gains = np.array([0.1, -0.2, 0.3, 0.05, 0.0])
    names = "abcde"
    both = paired_bootstrap(
        {name: np.zeros(1) for name in names}, {n: np.array([g]) for n, g in zip(names, gains, strict=True)}
    )
    found = sequence_interval(gains)
    assert (found.low, found.high) == pytest.approx((both.sequences.low, both.sequences.high), abs=0.01)
