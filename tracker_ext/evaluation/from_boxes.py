"""Masks made of the true boxes of a clip, scored frame by frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.engine import annotate
from tracker_ext.annotation.windows import Window, schedule
from tracker_ext.evaluation import metrics
from tracker_ext.evaluation.frames import open_frames
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.scoring import Score

Choice = Callable[[int], frozenset[int]]
"""Number of boxed frames of an object -> positions among them that are scored."""


@dataclass(frozen=True)
class BoxMaskScores:
    """One clip; one row per object and scored frame, objects ascending, then frames."""

    sequence: str
    objects: np.ndarray
    """[R] int, object id."""
    frames: np.ndarray
    """[R] int, number of the frame."""
    jaccard: np.ndarray
    """[R] float64, J."""
    boundary: np.ndarray
    """[R] float64, F; nan if it was not asked for."""
    seconds: float
    """Time of reading and segmenting, without scoring."""

    def mean(self, values: np.ndarray) -> float:
        """Mean of [R] values over frames, then objects."""
        return float(np.mean([values[self.objects == object_id].mean() for object_id in np.unique(self.objects)]))

    def score(self, method: str) -> Score:
        """As a line of the table."""
        frames = len(np.unique(self.frames))
        _, first = np.unique(self.objects, return_index=True)
        return Score(
            sequence=self.sequence,
            method=method,
            j=self.mean(self.jaccard),
            f=self.mean(self.boundary),
            first_j=float(self.jaccard[first].mean()),
            fps=frames / self.seconds,
            frames=frames,
        )


def every_kth_window(every: int, config: AnnotateConfig) -> Choice:
    """The positions that every K-th strided window of `config` covers: a sample of a clip at a K-th of the work."""

    def choose(num_boxed: int) -> frozenset[int]:
        windows = list(schedule("strided", num_boxed, config.num_frames, config.interval))[::every]
        return frozenset(position for window in windows for position in window.kept)

    return choose


def score_from_boxes(
    sequence: ClipSequence,
    net: Box2MaskNet,
    config: AnnotateConfig,
    choice: Choice | None = None,
    *,
    with_boundary: bool = True,
) -> BoxMaskScores | None:
    """Segment a clip from its true boxes and compare with its true masks, on the frames where an object has both.

    Args:
        sequence: with true masks.
        net: the network, in eval mode.
        config: windows, tolerance, solver steps.
        choice: positions to score; windows that hold none of them are not run. None for all.
        with_boundary: also compute F.

    Returns:
        The scores; None if no chosen frame has a true mask.

    Raises:
        UserError: bad boxes or unreadable files.
    """
    boxes = true_boxes(sequence)
    boxed = {object_id: np.flatnonzero(np.isfinite(track).all(axis=1)) for object_id, track in boxes.items()}
    boxes = {object_id: boxes[object_id] for object_id in boxes if len(boxed[object_id])}
    truth_paths = sequence.ground_truth_seg or [None] * len(sequence.frames)
    chosen = {
        object_id: frozenset(frames.tolist()) if choice is None else frozenset(frames[sorted(choice(len(frames)))])
        for object_id, frames in boxed.items()
    }

    def plan(num_boxed: int) -> list[Window]:
        windows = schedule(config.mode, num_boxed, config.num_frames, config.interval)
        wanted = None if choice is None else choice(num_boxed)
        return [window for window in windows if wanted is None or not wanted.isdisjoint(window.kept)]

    rows: list[tuple[int, int, float, float]] = []
    seconds, start = 0.0, time.perf_counter()
    for result in annotate(open_frames(sequence.frames), boxes, net, config, name=sequence.name, plan=plan):
        seconds += time.perf_counter() - start
        path = truth_paths[result.index]
        scored = [object_id for object_id in boxes if result.index in chosen[object_id]] if path else []
        if scored and path:
            truth = read_mask(path)
            # Where 255 is the only object it is no "undecided".
            ignore = None if IGNORE_LABEL in boxes else truth == IGNORE_LABEL
            for object_id in scored:
                pair = result.mask(object_id), truth == object_id
                f = metrics.boundary_f(*pair, ignore) if with_boundary else np.nan
                rows.append((object_id, result.index, metrics.jaccard(*pair, ignore), f))
        start = time.perf_counter()
    if not rows:
        return None
    rows.sort()
    objects, frames, jaccard, boundary = (np.array(column) for column in zip(*rows, strict=True))
    return BoxMaskScores(sequence.name, objects, frames, jaccard, boundary, seconds)
