"""Is one method better than another on the same frames? Paired bootstrap (Efron and Tibshirani, 1993, chapter 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESAMPLES = 5000
MIN_SEQUENCES = 5
"""With fewer, drawing them anew says little."""


@dataclass(frozen=True)
class Interval:
    """95 % interval of a difference of means."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How much the second method is above the first."""

    mean: float
    """Difference of the weighted means over sequences."""
    frames: Interval
    """Frames drawn anew within each sequence: would other frames of the same clips say the same?"""
    sequences: Interval
    """Sequences drawn anew: would other clips say the same?"""


def paired_bootstrap(
    first: Mapping[str, np.ndarray],
    second: Mapping[str, np.ndarray],
    weights: Mapping[str, float] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Compare two methods on the same frames of the same sequences.

    Neighbouring frames are alike, so the interval over frames is too narrow for a claim about other clips; the one over
    sequences is the honest one for that.

    Args:
        first: sequence -> [R] values of the one method.
        second: the same sequences and rows of the other.
        weights: sequence -> how much it counts, for example its number of objects; None: all the same.
        resamples: number of draws.
        seed: seed of the draws.

    Raises:
        ValueError: sequences or numbers of rows differ, or there are none.
    """
    if not first or {name: len(rows) for name, rows in first.items()} != {
        name: len(rows) for name, rows in second.items()
    }:
        raise ValueError("the two methods were not measured on the same frames")
    rng = np.random.default_rng(seed)
    gains = [np.asarray(second[name], float) - np.asarray(first[name], float) for name in sorted(first)]
    counts = np.array([1.0 if weights is None else weights[name] for name in sorted(first)])
    means = np.array([gain.mean() for gain in gains])
    drawn = [gain[rng.integers(len(gain), size=(resamples, len(gain)))].mean(axis=1) for gain in gains]
    by_frames = np.average(drawn, axis=0, weights=counts)
    mean = float(np.average(means, weights=counts))
    return Difference(mean, _interval(by_frames), _of_means(means, counts, resamples, rng))


def sequence_interval(gains: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The interval of a mean gain over sequences, sequences drawn anew.

    Args:
        gains: [S] difference of two methods on each sequence.
        resamples: number of draws.
        seed: seed of the draws.
    """
    return _of_means(np.asarray(gains, float), np.ones(len(gains)), resamples, np.random.default_rng(seed))


def _of_means(means: np.ndarray, weights: np.ndarray, resamples: int, rng: np.random.Generator) -> Interval:
    """Of the weighted mean of `means` [S], drawn anew together with their weights [S]."""
    drawn = rng.integers(len(means), size=(resamples, len(means)))
    return _interval((means * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1))


def _interval(values: np.ndarray) -> Interval:
    low, high = np.quantile(values, (0.025, 0.975)).tolist()
    return Interval(low, high)
