"""How well a score tells good masks from bad ones: reliability curve, calibration error, correlations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NUM_BINS = 10
"""Groups of equal size of a reliability curve."""


@dataclass(frozen=True)
class Reliability:
    """How well a score tells the true J of the same masks."""

    num_masks: int
    num_clips: int
    bin_score: np.ndarray
    """[<= NUM_BINS] mean score of each group, ascending."""
    bin_jaccard: np.ndarray
    """Mean true J of the same group."""
    calibration_error: float
    """Mean over masks of |mean score - mean J| of their group (ECE with groups of equal size)."""
    mean_error: float
    """Mean |score - J| of a single mask."""
    pearson: float
    spearman: float
    clip_spearman: float
    """Rank correlation of the clips' mean score and mean J: is the worst sequence on top?"""

    def summary(self) -> dict[str, Any]:
        """JSON-serialisable, rounded."""
        return {
            "masks": self.num_masks,
            "clips": self.num_clips,
            "pearson": round(self.pearson, 3),
            "spearman": round(self.spearman, 3),
            "clip_spearman": round(self.clip_spearman, 3),
            "calibration_error": round(self.calibration_error, 4),
            "mean_error": round(self.mean_error, 4),
            "curve": [
                [round(float(v), 4) for v in pair] for pair in zip(self.bin_score, self.bin_jaccard, strict=True)
            ],
        }


def reliability(score: np.ndarray, jaccard: np.ndarray, clips: np.ndarray) -> Reliability:
    """Measure how well a score tells the true J.

    Args:
        score: [N] in 0..1.
        jaccard: [N] true J.
        clips: [N] name of the clip of each mask.
    """
    groups = [group for group in np.array_split(np.argsort(score, kind="stable"), NUM_BINS) if len(group)]
    bin_score = np.array([score[group].mean() for group in groups])
    bin_jaccard = np.array([jaccard[group].mean() for group in groups])
    sizes = np.array([len(group) for group in groups])
    names = np.unique(clips)
    by_clip = np.array([(score[clips == name].mean(), jaccard[clips == name].mean()) for name in names])
    return Reliability(
        num_masks=len(score),
        num_clips=len(names),
        bin_score=bin_score,
        bin_jaccard=bin_jaccard,
        calibration_error=float((np.abs(bin_score - bin_jaccard) * sizes).sum() / sizes.sum()),
        mean_error=float(np.abs(score - jaccard).mean()),
        pearson=_correlation(score, jaccard),
        spearman=_correlation(_ranks(score), _ranks(jaccard)),
        clip_spearman=_correlation(_ranks(by_clip[:, 0]), _ranks(by_clip[:, 1])),
    )


def format_reliability(results: Mapping[str, Mapping[str, Reliability]]) -> str:
    """Markdown: one table of scores per test set, and the curve of the confidence.

    Args:
        results: test set -> score -> its reliability; the score `confidence` is there.
    """
    lines = []
    for name, scores in results.items():
        first = scores["confidence"]
        lines += [
            f"\n{name}: {first.num_masks} masks of {first.num_clips} clips\n",
            "| score | Pearson | Spearman | Spearman of clips | calibration error | mean error |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {score} | {r.pearson:.3f} | {r.spearman:.3f} | {r.clip_spearman:.3f} | {r.calibration_error:.3f} "
            f"| {r.mean_error:.3f} |"
            for score, r in scores.items()
        ]
        lines += [
            "",
            "| confidence | " + " | ".join(f"{value:.2f}" for value in first.bin_score) + " |",
            "|---|" + "---|" * len(first.bin_score),
            "| true J | " + " | ".join(f"{value:.2f}" for value in first.bin_jaccard) + " |",
        ]
    return "\n".join(lines)


def plot_reliability(path: str | Path, curves: Mapping[str, Reliability]) -> None:
    """Draw the curves beside the diagonal of a perfect score, PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 4.2), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="perfect")
    for name, curve in curves.items():
        label = f"{name}: {curve.num_masks} masks, r = {curve.pearson:.2f}"
        axes.plot(curve.bin_score, curve.bin_jaccard, marker="o", markersize=4, label=label)
    axes.set(xlabel="confidence, mean of each tenth of the masks", ylabel="true J, mean of the same masks")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[inverse]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's; nan where one of the two does not vary."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
