"""One run against others on the same sequences: how often each of them wins, and by how much in the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tracker_ext.evaluation.bootstrap import MIN_SEQUENCES, RESAMPLES, Interval, sequence_interval
from tracker_ext.evaluation.scoring import Score
from tracker_ext.evaluation.tables import Grid

MEASURES = {"J&F": "j_and_f", "AO": "ao", "AUC": "auc"}
"""Heading -> attribute of `Score`."""
TIE = 0.0005
"""Closer numbers are equal in a table of three digits."""


def compare(runs: Mapping[str, Sequence[Score]]) -> Grid:
    """Compare the first run with each other one.

    Args:
        runs: name -> a score per sequence, the same sequences in the same order.

    Returns:
        A row per other run and measure: the means over the sequences that both have, their difference with its 95 %
        interval (paired bootstrap over sequences), and how many sequences each of the two wins.
    """
    (first, own), *others = runs.items()
    rows, few = [], False
    for name, scores in others:
        for heading, attribute in MEASURES.items():
            pairs = np.array([[getattr(a, attribute), getattr(b, attribute)] for a, b in zip(own, scores, strict=True)])
            pairs = pairs[np.isfinite(pairs).all(axis=1)]
            if not len(pairs):
                continue
            gains = pairs[:, 1] - pairs[:, 0]
            few = few or len(gains) < MIN_SEQUENCES
            rows.append([
                f"{name} - {first}", heading, str(len(gains)), *[f"{mean:.3f}" for mean in pairs.mean(axis=0)],
                f"{gains.mean():+.3f}", _span(sequence_interval(gains) if len(gains) > 1 else None),
                *[str(int(count)) for count in ((gains > TIE).sum(), (gains < -TIE).sum(), (abs(gains) <= TIE).sum())],
            ])  # fmt: skip
    notes = [
        "means over sequences, each counted once; won, lost, equal: sequences on which the later run is above, below, "
        f"within {TIE} of {first}",
        f"95 % interval of the difference: paired bootstrap, sequences drawn anew {RESAMPLES} times"
        + (f"; of fewer than {MIN_SEQUENCES} sequences it says little" if few else ""),
    ]
    header = ["comparison", "", "sequences", first, "other", "difference", "95 % interval", "won", "lost", "equal"]
    return Grid(header=header, rows=rows, notes=notes if rows else ["nothing that both runs have"], text_columns=2)


def _span(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.low:+.3f} .. {interval.high:+.3f}"
