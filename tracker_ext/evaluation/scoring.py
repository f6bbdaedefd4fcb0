"""Scores of one sequence: of stored results, and of the baselines that know all boxes.

Which frames and objects count is the data set's `Protocol`. A frame where object and prediction are both empty has
J = F = 1.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_image, read_mask
from tracker_ext.evaluation import metrics
from tracker_ext.evaluation.baselines import box_mask, grabcut_mask
from tracker_ext.evaluation.box_scores import BOX_NUMBERS, BoxNumbers, score_boxes
from tracker_ext.evaluation.overlay import evenly_spaced
from tracker_ext.evaluation.protocols import CLIPS, Protocol, frames_with_masks, scored_frames
from tracker_ext.evaluation.results import ClipSequence, StoredResult, first_frames, true_boxes

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Score(BoxNumbers):
    """One line of the table; nan where a number has no meaning or no data."""

    sequence: str
    method: str
    j: float = NAN
    f: float = NAN
    first_j: float = NAN
    """J on each object's first frame alone: of a tracker, how good a mask it started from."""
    fps: float = NAN
    frames: int = 0
    """Frames on which J and F were measured."""
    objects: int = 0
    """Objects on which J and F were measured."""
    box_frames: int = 0
    """Boxes on which AO and SR were measured."""

    @property
    def j_and_f(self) -> float:
        """Mean of J and F."""
        return (self.j + self.f) / 2


def score_stored(stored: StoredResult, method: str, protocol: Protocol = CLIPS) -> Score:
    """Score a tracker's stored masks and boxes.

    Raises:
        UserError: a result file is missing or damaged.
    """
    sequence = stored.sequence
    found = MaskScores()
    if stored.has_masks():
        found = score_masks(sequence, lambda index, object_id, shape: stored.labels(index) == object_id, protocol)
    boxes = score_boxes(stored, protocol) if stored.has_boxes() else None
    seconds = stored.seconds_per_frame()
    return Score(
        sequence=sequence.name,
        method=method,
        j=found.j,
        f=found.f,
        first_j=found.first_j,
        fps=1 / seconds if seconds else NAN,
        frames=found.frames,
        objects=found.objects,
        box_frames=boxes.frames if boxes else 0,
        **(boxes.numbers() if boxes else {}),
    )


def score_box_oracle(sequence: ClipSequence, method: str, protocol: Protocol = CLIPS) -> Score | None:
    """Score the filled ground-truth boxes as masks; None without true masks."""
    if not frames_with_masks(sequence):
        return None
    boxes, nowhere = true_boxes(sequence), np.full((len(sequence.frames), 4), np.nan)
    found = score_masks(
        sequence, lambda index, object_id, shape: box_mask(boxes.get(object_id, nowhere)[index], *shape), protocol
    )
    return _mask_score(sequence, method, found)


def score_grabcut(sequence: ClipSequence, method: str, max_frames: int, protocol: Protocol = CLIPS) -> Score | None:
    """Score GrabCut started from every ground-truth box, on evenly spaced frames; None without true masks.

    Frames and objects are spread over the processor's cores; `fps` counts the work of one core per frame
    with all its objects.
    """
    measured = sorted({index for frames in scored_frames(sequence, protocol).values() for index in frames})
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
        masks = dict(zip(jobs, pool.map(cut, jobs), strict=True))
    found = score_masks(
        sequence,
        lambda index, object_id, shape: masks[index, object_id][0] if object_id in boxes else np.zeros(shape, bool),
        protocol,
        only=frozenset(chosen),
    )
    seconds = sum(spent for _, spent in masks.values()) / len(chosen)
    return _mask_score(sequence, method, found, fps=1 / seconds)


def mean_score(scores: Iterable[Score], method: str, protocol: Protocol = CLIPS) -> Score:
    """The mean over the data set: over sequences, objects or frames, as its protocol says; nan values are left out."""
    scores = list(scores)
    by_object, by_frame = protocol.masks != "clips", protocol.boxes == "got10k"
    mask_weights = [score.objects if by_object else 1 for score in scores]
    box_weights = [score.box_frames if by_frame else 1 for score in scores]
    numbers = {
        name: _mean([getattr(score, name) for score in scores], weights)
        for names, weights in (
            (("j", "f", "first_j"), mask_weights),
            (BOX_NUMBERS, box_weights),
            (("fps",), [1] * len(scores)),
        )
        for name in names
    }
    return Score(
        sequence="mean",
        method=method,
        frames=sum(score.frames for score in scores),
        objects=sum(score.objects for score in scores),
        box_frames=sum(score.box_frames for score in scores),
        **numbers,
    )


@dataclass(frozen=True, kw_only=True)
class MaskScores:
    """J and F of one sequence, the mean over frames, then objects; nan where nothing was measured."""

    j: float = NAN
    f: float = NAN
    first_j: float = NAN
    """On the objects' first frames; nan unless all of them were measured."""
    frames: int = 0
    objects: int = 0


def score_masks(
    sequence: ClipSequence,
    predict: Callable[[int, int, tuple[int, int]], np.ndarray],
    protocol: Protocol = CLIPS,
    only: frozenset[int] | None = None,
) -> MaskScores:
    """J and F of the masks of one sequence.

    Args:
        sequence: with true masks, or without: then nothing is measured.
        predict: (frame, object id, (height, width)) -> [H, W] bool.
        protocol: which frames and objects count.
        only: of these frames; None for all.
    """
    chosen = scored_frames(sequence, protocol)
    starts = first_frames(true_boxes(sequence))
    frames = {index for indices in chosen.values() for index in indices if only is None or index in only}
    wanted = frames | (set(starts.values()) if only is None else set())
    values: dict[int, list[tuple[float, float]]] = {object_id: [] for object_id in chosen}
    first: dict[int, float] = {}
    measured = {object_id: frozenset(indices) & frames for object_id, indices in chosen.items()}
    for index in sorted(wanted.intersection(frames_with_masks(sequence))):
        assert sequence.ground_truth_seg is not None
        path = sequence.ground_truth_seg[index]
        assert path is not None
        truth = read_mask(path)
        height, width = truth.shape
        # Where 255 is the only object it is no "undecided"; DAVIS takes it as background and counts it.
        ignore = None if IGNORE_LABEL in chosen or protocol.masks == "davis" else truth == IGNORE_LABEL
        for object_id in sorted({*chosen, *starts}):
            counts, starting = index in measured.get(object_id, ()), starts.get(object_id) == index
            if counts or starting:
                pair = predict(index, object_id, (height, width)), truth == object_id
                j = metrics.jaccard(*pair, ignore)
                if counts:
                    values[object_id].append((j, metrics.boundary_f(*pair, ignore)))
                if starting:
                    first[object_id] = j
    means = [np.mean(pairs, axis=0) for pairs in values.values() if pairs]
    if not means:
        return MaskScores()
    j, f = np.mean(means, axis=0).tolist()
    first_j = float(np.mean(list(first.values()))) if len(first) == len(starts) else NAN
    return MaskScores(j=j, f=f, first_j=first_j, frames=len(frames), objects=len(means))


def _mask_score(sequence: ClipSequence, method: str, found: MaskScores, fps: float = NAN) -> Score:
    return Score(
        sequence=sequence.name,
        method=method,
        j=found.j,
        f=found.f,
        first_j=found.first_j,
        fps=fps,
        frames=found.frames,
        objects=found.objects,
    )


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted mean of the numbers that are not nan; nan if there are none."""
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if not np.isnan(value)]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else NAN
