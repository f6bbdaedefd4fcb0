"""Success and precision curves of single-object trackers, from their box files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.textfiles import read_boxes
from pytracking.evaluation.tracker import Tracker

CENTRE_THRESHOLDS = np.arange(51.0)
"""Thresholds of the distance between centres, in pixels; for the normalised error, in hundredths."""


@dataclass(frozen=True)
class Curves:
    """Shares of frames, 0..1: [trackers, sequences, thresholds] each, at [thresholds] overlap thresholds."""

    overlap_thresholds: np.ndarray
    success: np.ndarray
    precision: np.ndarray
    norm_precision: np.ndarray

    def scores(self) -> dict[str, np.ndarray]:
        """[trackers] scores in per cent: AUC, OP50, OP75, Precision (20 pixels) and Norm Precision (0.2)."""
        success = 100 * self.success.mean(axis=1)
        at = {f"OP{round(100 * t)}": int(np.abs(self.overlap_thresholds - t).argmin()) for t in (0.5, 0.75)}
        return {
            "AUC": success.mean(axis=1),
            **{name: success[:, index] for name, index in at.items()},
            "Precision": 100 * self.precision.mean(axis=1)[:, 20],
            "Norm Precision": 100 * self.norm_precision.mean(axis=1)[:, 20],
        }


def extract_curves(
    trackers: list[Tracker],
    dataset: list[Sequence],
    plot_bin_gap: float = 0.05,
    skip_missing_seq: bool = False,
    exclude_invalid_frames: bool = False,
) -> Curves:
    """Read the box files and compare them with the ground truth.

    Args:
        trackers: the trackers, whose `results_dir` is read.
        dataset: single-object sequences with `ground_truth_rect` [F, 4].
        plot_bin_gap: step of the overlap thresholds from 0 to 1.
        skip_missing_seq: whether a sequence is left out for all trackers if one of them has no results on it.
        exclude_invalid_frames: whether frames where the object has no box or is not visible are left out; otherwise they
            count as failures.

    Raises:
        FileNotFoundError: a sequence has no results, and `skip_missing_seq` is false.
        ValueError: no sequence is left.
    """
    thresholds = np.arange(0.0, 1.0 + plot_bin_gap, plot_bin_gap)
    rows = []
    for sequence in dataset:
        files = [Path(tracker.results_dir) / f"{sequence.name}.txt" for tracker in trackers]
        missing = [file for file in files if not file.is_file()]
        if missing and not skip_missing_seq:
            raise FileNotFoundError(f"no results in {missing[0]}")
        if not missing:
            rows.append([_curves(sequence, read_boxes(f), thresholds, exclude_invalid_frames) for f in files])
    if not rows:
        raise ValueError("no sequence has results of all trackers")
    stacked = [np.array([[row[t][kind] for row in rows] for t in range(len(trackers))]) for kind in range(3)]
    return Curves(thresholds, *stacked)


def _curves(
    sequence: Sequence, boxes: np.ndarray, thresholds: np.ndarray, exclude_invalid: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Success, precision and normalised precision of one sequence, [thresholds] each."""
    truth = np.asarray(sequence.ground_truth_rect, dtype=np.float64)
    found = np.zeros_like(truth)
    found[: len(boxes)] = boxes[: len(truth)]
    found[0] = truth[0]  # the tracker is given this box
    valid = (truth[:, 2:] > 0).all(axis=1)
    if sequence.target_visible is not None:
        valid &= np.asarray(sequence.target_visible, dtype=bool)[: len(truth)]
    offset = (found[:, :2] + found[:, 2:] / 2) - (truth[:, :2] + truth[:, 2:] / 2)
    size = np.where(valid[:, None], truth[:, 2:], 1.0)
    overlap = np.where(valid, _overlap(found, truth), -1.0)
    distance = np.where(valid, np.linalg.norm(offset, axis=1), np.inf)
    normalised = np.where(valid, np.linalg.norm(offset / size, axis=1), np.inf)
    frames = valid.sum() if exclude_invalid else len(truth)
    return (
        (overlap[:, None] > thresholds).sum(axis=0) / frames,
        (distance[:, None] <= CENTRE_THRESHOLDS).sum(axis=0) / frames,
        (normalised[:, None] <= CENTRE_THRESHOLDS / 100).sum(axis=0) / frames,
    )


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The intersection over union of boxes [F, 4], row by row; 0 where neither box has an area."""
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    union = a[:, 2:].prod(axis=1) + b[:, 2:].prod(axis=1) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)
