"""Scores of one sequence, and their means: one way to count for trackers, box2mask and the baselines.

Which frames and objects count is the data set's `Protocol`. A frame where object and prediction are both empty has
J = F = 1.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import UserError
from ltr_ext.text import some
from tracker_ext.evaluation import metrics
from tracker_ext.evaluation.baselines import box_mask, grabcut_mask
from tracker_ext.evaluation.box_scores import BOX_NUMBERS, NAN, BoxNumbers, score_boxes
from tracker_ext.evaluation.protocols import CLIPS, Protocol, frames_with_masks, scored_frames
from tracker_ext.evaluation.results import ClipSequence, StoredResult, first_frames, true_boxes
from tracker_ext.video.overlay import evenly_spaced


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
        UserError: a result file is missing or damaged, masks fit neither frames nor objects.
    """
    scorer = score_stored_masks(stored, protocol)
    boxes = score_boxes(stored, protocol) if stored.has_boxes() else None
    seconds = stored.seconds_per_frame()
    return scorer.score(
        method,
        fps=1 / seconds if seconds else NAN,
        box_frames=boxes.frames if boxes else 0,
        **(boxes.numbers() if boxes else {}),
    )


def score_stored_masks(stored: StoredResult, protocol: Protocol = CLIPS) -> MaskScorer:
    """J and F of a tracker's stored masks; errors as `score_stored`."""
    scorer = MaskScorer(stored.sequence, protocol)
    if stored.has_masks() and scorer.counted:
        stored.check_masks(scorer.counted)
        stored.check_ids()
        for index in scorer.wanted:
            if stored.has_mask(index):
                scorer.add(index, by_id(stored.labels(index)))
    return scorer


def score_box_oracle(sequence: ClipSequence, method: str, protocol: Protocol = CLIPS) -> Score | None:
    """Score the filled ground-truth boxes as masks; None without true masks."""
    if not frames_with_masks(sequence):
        return None
    boxes, nowhere = true_boxes(sequence), np.full((len(sequence.frames), 4), np.nan)
    scorer = MaskScorer(sequence, protocol)

    def filled(index: int) -> Predict:
        return lambda object_id, shape: box_mask(boxes.get(object_id, nowhere)[index], *shape)

    for index in scorer.wanted:
        scorer.add(index, filled(index))
    return scorer.score(method)


def score_grabcut(sequence: ClipSequence, method: str, max_frames: int, protocol: Protocol = CLIPS) -> Score | None:
    """Score GrabCut started from every ground-truth box, on evenly spaced frames; None without true masks.

    Frames and objects are spread over the processor's cores; `fps` counts the work of one core per frame
    with all its objects.
    """
    chosen = scored_frames(sequence, protocol)
    measured = sorted({index for frames in chosen.values() for index in frames})
    if not measured:
        return None
    sample = {measured[index] for index in evenly_spaced(len(measured), max_frames)}
    scorer = MaskScorer(sequence, protocol, only=dict.fromkeys(chosen, sample))
    boxes = true_boxes(sequence)

    def cut(job: tuple[int, int]) -> tuple[np.ndarray, float]:
        index, object_id = job
        image = read_image(sequence.frames[index])
        start = time.thread_time()
        return grabcut_mask(image, boxes[object_id][index]), time.thread_time() - start

    jobs = [(index, object_id) for index in sorted(sample) for object_id in boxes]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        masks = dict(zip(jobs, pool.map(cut, jobs), strict=True))

    def found(index: int) -> Predict:
        return lambda object_id, shape: masks[index, object_id][0] if object_id in boxes else np.zeros(shape, bool)

    for index in scorer.wanted:
        scorer.add(index, found(index))
    seconds = sum(spent for _, spent in masks.values()) / len(sample)
    return scorer.score(method, fps=1 / seconds if seconds else NAN)


class MaskValue(NamedTuple):
    """J and F of one mask; F is nan if it was not asked for."""

    object_id: int
    frame: int
    j: float
    f: float


Predict = Callable[[int, tuple[int, int]], np.ndarray]
"""(object id, (height, width)) -> [H, W] bool, the mask of a frame that is to be scored."""


def by_id(labels: np.ndarray) -> Predict:
    """The masks of a frame whose pixels [H, W] are the objects' ids."""
    return lambda object_id, shape: labels == object_id


class MaskScorer:
    """J and F of the masks of one sequence, frame by frame.

    Args:
        sequence: what is scored; without true masks nothing is measured.
        protocol: which frames and objects count.
        only: object id -> the frames to measure; None for all that count and each object's first one.
        with_boundary: also compute F.
    """

    def __init__(
        self,
        sequence: ClipSequence,
        protocol: Protocol = CLIPS,
        only: Mapping[int, Collection[int]] | None = None,
        *,
        with_boundary: bool = True,
    ) -> None:
        self.sequence = sequence
        self.values: list[MaskValue] = []
        self._protocol = protocol
        self._with_boundary = with_boundary
        chosen = scored_frames(sequence, protocol)
        if only is not None:
            chosen = {i: [index for index in frames if index in only.get(i, ())] for i, frames in chosen.items()}
        self._chosen = {object_id: frozenset(frames) for object_id, frames in chosen.items()}
        measured = set(frames_with_masks(sequence) if only is None else self.counted)
        starts = first_frames(true_boxes(sequence))
        self._starts = {object_id: frame for object_id, frame in starts.items() if frame in measured}
        self._all_start_measured = len(self._starts) == len(starts)
        self._first: dict[int, float] = {}

    @property
    def counted(self) -> list[int]:
        """The frames on which J and F count, ascending."""
        return sorted(frozenset().union(*self._chosen.values()))

    @property
    def wanted(self) -> list[int]:
        """The frames to give to `add`, ascending: those that count and the objects' first ones."""
        return sorted({*self.counted, *self._starts.values()})

    def add(self, index: int, predict: Predict) -> None:
        """Score the masks of a frame; one that is not wanted is left out.

        Raises:
            UserError: a mask is of another size than the true one, or the true one cannot be read.
        """
        counted = [object_id for object_id, frames in self._chosen.items() if index in frames]
        starting = [object_id for object_id, frame in self._starts.items() if frame == index]
        if not counted and not starting:
            return
        path = (self.sequence.ground_truth_seg or [])[index]
        assert path is not None, "only frames with a true mask are wanted"
        truth = read_mask(path)
        height, width = truth.shape
        # Where 255 is the only object it is no "undecided"; DAVIS takes it as background and counts it.
        no_void = IGNORE_LABEL in self._chosen or self._protocol.void_counts
        ignore = None if no_void else truth == IGNORE_LABEL
        for object_id in sorted({*counted, *starting}):
            mask = predict(object_id, (height, width))
            if mask.shape != truth.shape:
                raise UserError(
                    f"sequence {self.sequence.name}, frame {Path(self.sequence.frames[index]).stem}: mask to score of "
                    f"{mask.shape[1]}x{mask.shape[0]} pixels, true mask {path} of {width}x{height}; make them equal "
                    "(resize masks by nearest neighbour)"
                )
            j = metrics.jaccard(mask, truth == object_id, ignore)
            if object_id in starting:
                self._first[object_id] = j
            if object_id in counted:
                f = metrics.boundary_f(mask, truth == object_id, ignore) if self._with_boundary else NAN
                self.values.append(MaskValue(object_id, index, j, f))

    def by_object(self) -> dict[int, tuple[float, float]]:
        """Object id -> J and F, means over its frames."""
        pairs: dict[int, list[tuple[float, float]]] = {}
        for value in self.values:
            pairs.setdefault(value.object_id, []).append((value.j, value.f))
        return {object_id: tuple(np.mean(known, axis=0).tolist()) for object_id, known in pairs.items()}

    def score(self, method: str, **others: float) -> Score:
        """The line of the table: means over frames, then objects; nan where nothing was measured.

        Args:
            method: its name.
            others: further fields of `Score`.
        """
        means = list(self.by_object().values())
        j, f = np.mean(means, axis=0).tolist() if means else (NAN, NAN)
        complete = means and self._first and self._all_start_measured and len(self._first) == len(self._starts)
        return Score(
            sequence=self.sequence.name,
            method=method,
            j=j,
            f=f,
            first_j=float(np.mean(list(self._first.values()))) if complete else NAN,
            frames=len({value.frame for value in self.values}),
            objects=len(means),
            **others,  # type: ignore[arg-type]
        )


def mean_score(scores: Iterable[Score], method: str, protocol: Protocol = CLIPS) -> Score:
    """The mean over the data set: over sequences, objects or frames, as its protocol says; nan values are left out."""
    scores = list(scores)
    mask_weights = [score.objects if protocol.by_object else 1 for score in scores]
    box_weights = [score.box_frames if protocol.boxes == "got10k" else 1 for score in scores]
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


def left_out(scores: Sequence[Score], method: str) -> list[str]:
    """Which sequences a mean says nothing about, a sentence for masks and one for boxes; none if it has all or none."""
    notes = []
    for what, name in (("J, F", "j"), ("AO, SR", "ao")):
        without = [score.sequence for score in scores if np.isnan(getattr(score, name))]
        if 0 < len(without) < len(scores):
            notes.append(
                f"{method}: {what} of {len(without)} of {len(scores)} sequences cannot be measured, the mean is over "
                f"the others ({some(without)})"
            )
    return notes


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted mean of the numbers that are not nan; nan if there are none."""
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if not np.isnan(value)]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else NAN
