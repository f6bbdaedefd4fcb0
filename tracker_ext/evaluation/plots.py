"""Success and precision plots as PNG, and as TikZ for LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracker_ext.evaluation.box_scores import PIXELS, BoxScores, score_boxes
from tracker_ext.evaluation.metrics import SUCCESS_THRESHOLDS
from tracker_ext.evaluation.protocols import Protocol
from tracker_ext.evaluation.results import StoredResult


def write_plots(folder: Path, runs: Mapping[str, Sequence[StoredResult]], protocol: Protocol) -> list[str]:
    """Draw the curves of the runs that have boxes.

    The legend ranks them, by AO where the data set is ranked by it (GOT-10k, as figure 7), else by AUC.

    Args:
        folder: an existing folder.
        runs: name -> results of every sequence.
        protocol: the data set's rules.

    Returns:
        Names of the files: `{success,precision}_plot.png`, and `.tex` if the package tikzplotlib (extra `plots`) is
        installed; none if no run has boxes to compare.

    Raises:
        UserError: a result file is damaged.
    """
    files = []
    for curves in box_curves(runs, protocol):
        files += draw_curves(folder, curves)
    return files


@dataclass(frozen=True)
class Curves:
    """One curve for each run."""

    stem: str
    """Of its files."""
    thresholds: np.ndarray
    """[K], the x axis."""
    lines: Mapping[str, tuple[np.ndarray, float]]
    """Run -> (shares of frames [K], 0..1; the number it is ranked by, 0..1)."""
    x_label: str

    def draw(self, axes: Any) -> None:
        """Draw into axes of matplotlib, best first in the legend."""
        axes.set(xlabel=self.x_label, ylabel="share of frames", xlim=(0, float(self.thresholds[-1])), ylim=(0, 1))
        for name, (shares, value) in sorted(self.lines.items(), key=lambda line: -line[1][1]):
            axes.plot(self.thresholds, shares, label=f"{name} [{100 * value:.1f}]")
        axes.grid(True)
        axes.legend()


def box_curves(runs: Mapping[str, Sequence[StoredResult]], protocol: Protocol) -> list[Curves]:
    """Success and precision of the runs that have boxes; none if no run has.

    Args:
        runs: name -> results of every sequence.
        protocol: the data set's rules.

    Raises:
        UserError: a result file is damaged.
    """
    scores = {
        name: [score_boxes(result, protocol) for result in results if result.has_boxes()]
        for name, results in runs.items()
    }
    scores = {name: [score for score in rows if score.frames] for name, rows in scores.items()}
    scores = {name: rows for name, rows in scores.items() if rows}
    if not scores:
        return []
    by_frame = protocol.boxes == "got10k"
    rank = "ao" if by_frame else "auc"
    found = []
    for stem, curve, value, thresholds, label in (
        ("success_plot", "success_curve", rank, SUCCESS_THRESHOLDS, "overlap threshold"),
        ("precision_plot", "precision_curve", "precision", PIXELS, "distance of the centres [pixels]"),
    ):
        lines = {
            name: (_mean(rows, curve, by_frame), float(_mean(rows, value, by_frame))) for name, rows in scores.items()
        }
        found.append(Curves(stem, thresholds, lines, label))
    return found


def draw_curves(folder: Path, curves: Curves) -> list[str]:
    """Write one curve per run as a picture.

    Args:
        folder: an existing folder.
        curves: what to draw.

    Returns:
        Names of the files written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5))
    curves.draw(figure.add_subplot())
    figure.savefig(folder / f"{curves.stem}.png", dpi=150, bbox_inches="tight")
    try:
        import tikzplotlib

        # on pytracking a stand-in may have the name, which fails like this only when it is used
        tikzplotlib.save(folder / f"{curves.stem}.tex", figure=figure)
    except ImportError:
        return [f"{curves.stem}.png"]
    return [f"{curves.stem}.png", f"{curves.stem}.tex"]


def _mean(rows: Sequence[BoxScores], name: str, by_frame: bool) -> np.ndarray:
    """Mean of a number or a curve over sequences, or over all their frames."""
    weights = [row.frames if by_frame else 1 for row in rows]
    return np.average([getattr(row, name) for row in rows], axis=0, weights=weights)
