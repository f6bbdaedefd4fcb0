"""Scores of one sequence: of stored results, and of the baselines that know all boxes.

J and F: mean over the frames with a true mask from the object's first one on, then over the objects. A frame
where object and prediction are both empty scores 1. AO, SR: over the frames after the object's first one on which
it is visible, then over the objects.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_image, read_mask
from tracker_ext.evaluation import metrics
from tracker_ext.evaluation.baselines import box_mask, grabcut_mask
from tracker_ext.evaluation.overlay import evenly_spaced
from tracker_ext.evaluation.results import ClipSequence, StoredResult, first_frames, true_boxes

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One line of the table; nan where a number has no meaning or no data."""

    sequence: str
    method: str
    j: float = NAN
    f: float = NAN
    first_j: float = NAN
    """J on each object's first frame alone: of a tracker, how good a mask it started from."""
    ao: float = NAN
    sr50: float = NAN
    sr75: float = NAN
    fps: float = NAN
    frames: int = 0
    """Frames on which J and F were measured."""


def score_stored(stored: StoredResult, method: str) -> Score:
    """Score a tracker's stored masks and boxes.

    Raises:
        UserError: a result file is missing or damaged.
    """
    sequence = stored.sequence
    truth, boxes = true_boxes(sequence), stored.boxes()
    starts = first_frames(truth)
    overlaps = {i: metrics.box_overlaps(boxes[i][start + 1 :], truth[i][start + 1 :]) for i, start in starts.items()}
    j = f = first_j = NAN
    measured = _frames_with_masks(sequence) if stored.has_masks() else []
    if measured:
        j, f, first_j = _mean_j_f(sequence, measured, lambda index, object_id, shape: stored.labels(index) == object_id)
    seconds = stored.seconds_per_frame()
    return Score(
        sequence=sequence.name,
        method=method,
        j=j,
        f=f,
        first_j=first_j,
        ao=_mean(metrics.average_overlap(values) for values in overlaps.values()),
        sr50=_mean(metrics.success_rate(values, 0.5) for values in overlaps.values()),
        sr75=_mean(metrics.success_rate(values, 0.75) for values in overlaps.values()),
        fps=1 / seconds if seconds else NAN,
        frames=len(measured),
    )


def score_box_oracle(sequence: ClipSequence, method: str) -> Score | None:
    """Score the filled ground-truth boxes as masks; None without true masks."""
    measured = _frames_with_masks(sequence)
    if not measured:
        return None
    boxes = true_boxes(sequence)
    j, f, first_j = _mean_j_f(
        sequence, measured, lambda index, object_id, shape: box_mask(boxes[object_id][index], *shape)
    )
    return Score(sequence=sequence.name, method=method, j=j, f=f, first_j=first_j, frames=len(measured))


def score_grabcut(sequence: ClipSequence, method: str, max_frames: int) -> Score | None:
    """Score GrabCut started from every ground-truth box, on evenly spaced frames; None without true masks.

    Frames and objects are spread over the processor's cores; `fps` counts the work of one core per frame
    with all its objects.
    """
    measured = _frames_with_masks(sequence)
    if not measured:
        return None
    chosen = [measured[index] for index in evenly_spaced(len(measured), max_frames)]
    boxes = true_boxes(sequence)

    def cut(job: tuple[int, int]) -> tuple[np.ndarray, float]:
        index, object_id = job
        image = read_image(sequence.frames[index])
        start = time.thread_time()
        return grabcut_mask(image, boxes[object_id][index]), time.thread_time() - start

    jobs = [(index, object_id) for index in chosen for object_id in boxes]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        found = dict(zip(jobs, pool.map(cut, jobs), strict=True))
    j, f, first_j = _mean_j_f(sequence, chosen, lambda index, object_id, shape: found[index, object_id][0])
    seconds = sum(spent for _, spent in found.values()) / len(chosen)
    return Score(sequence=sequence.name, method=method, j=j, f=f, first_j=first_j, fps=1 / seconds, frames=len(chosen))


def mean_score(scores: Iterable[Score], method: str) -> Score:
    """The mean over sequences, each counting the same; nan values are left out."""
    scores = list(scores)
    numbers = {
        name: _mean(getattr(score, name) for score in scores)
        for name in ("j", "f", "first_j", "ao", "sr50", "sr75", "fps")
    }
    return Score(sequence="mean", method=method, frames=sum(score.frames for score in scores), **numbers)


def _frames_with_masks(sequence: ClipSequence) -> list[int]:
    return [index for index, path in enumerate(sequence.ground_truth_seg or []) if path is not None]


def _mean_j_f(
    sequence: ClipSequence, frames: list[int], predict: Callable[[int, int, tuple[int, int]], np.ndarray]
) -> tuple[float, float, float]:
    """J and F over frames, then objects; and J on the objects' first frames, nan unless all of them are measured.

    Args:
        sequence: with true masks on `frames`.
        frames: indices to measure on.
        predict: (frame, object id, (height, width)) -> [H, W] bool.
    """
    starts = first_frames(true_boxes(sequence))
    values: dict[int, list[tuple[float, float]]] = {object_id: [] for object_id in starts}
    first: list[float] = []
    assert sequence.ground_truth_seg is not None
    for index in frames:
        path = sequence.ground_truth_seg[index]
        assert path is not None
        truth = read_mask(path)
        height, width = truth.shape
        # Where 255 is the only object it is no "undecided".
        ignore = None if IGNORE_LABEL in starts else truth == IGNORE_LABEL
        for object_id, start in starts.items():
            if index >= start:
                masks = predict(index, object_id, (height, width)), truth == object_id
                values[object_id].append((metrics.jaccard(*masks, ignore), metrics.boundary_f(*masks, ignore)))
                first += [values[object_id][-1][0]] if index == start else []
    means = [np.mean(pairs, axis=0) for pairs in values.values() if pairs]
    if not means:
        return NAN, NAN, NAN
    j, f = np.mean(means, axis=0).tolist()
    return j, f, float(np.mean(first)) if len(first) == len(starts) else NAN


def _mean(values: Iterable[float]) -> float:
    """Mean of the numbers that are not nan; nan if there are none."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else NAN
