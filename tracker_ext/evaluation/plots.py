"""Success and precision plots as PNG, and as TikZ for LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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
    files = []
    for stem, curve, value, thresholds, label in (
        ("success_plot", "success_curve", rank, SUCCESS_THRESHOLDS, "overlap threshold"),
        ("precision_plot", "precision_curve", "precision", PIXELS, "distance of the centres [pixels]"),
    ):
        lines = {
            name: (_mean(rows, curve, by_frame), float(_mean(rows, value, by_frame))) for name, rows in scores.items()
        }
        files += draw_curves(folder, stem, thresholds, lines, label)
    return files


def draw_curves(
    folder: Path,
    stem: str,
    thresholds: np.ndarray,
    lines: Mapping[str, tuple[np.ndarray, float]],
    x_label: str,
) -> list[str]:
    """Draw one curve per name, best first in the legend.

    Args:
        folder: an existing folder.
        stem: of the files.
        thresholds: [K], the x axis.
        lines: name -> (shares of frames [K] in 0..1, the number it is ranked by in 0..1).
        x_label: of the x axis.

    Returns:
        Names of the files written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5))
    axes = figure.add_subplot(xlabel=x_label, ylabel="share of frames", xlim=(0, float(thresholds[-1])), ylim=(0, 1))
    for name, (shares, value) in sorted(lines.items(), key=lambda line: -line[1][1]):
        axes.plot(thresholds, shares, label=f"{name} [{100 * value:.1f}]")
    axes.grid(True)
    axes.legend()
    figure.savefig(folder / f"{stem}.png", dpi=150, bbox_inches="tight")
    try:
        import tikzplotlib

        # on pytracking a stand-in may have the name, which fails like this only when it is used
        tikzplotlib.save(folder / f"{stem}.tex", figure=figure)
    except ImportError:
        return [f"{stem}.png"]
    return [f"{stem}.png", f"{stem}.tex"]


def _mean(rows: Sequence[BoxScores], name: str, by_frame: bool) -> np.ndarray:
    """Mean of a number or a curve over sequences, or over all their frames."""
    weights = [row.frames if by_frame else 1 for row in rows]
    return np.average([getattr(row, name) for row in rows], axis=0, weights=weights)
