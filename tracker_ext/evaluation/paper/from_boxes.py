"""For the paper's tables: masks made of the true boxes and J of every mask, on a sample of the windows if asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.evaluation.protocols import BOXED
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.scoring import MaskScorer
from tracker_ext.evaluation.segmented import Segmented
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.windows import Window, schedule

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


def every_kth_window(every: int, config: AnnotateConfig) -> Choice:
    """The positions that every K-th strided window of `config` covers: a sample of a clip at a K-th of the work."""

    def choose(num_boxed: int) -> frozenset[int]:
        windows = list(schedule("strided", num_boxed, config.num_frames, config.interval))[::every]
        return frozenset(position for window in windows for position in window.kept)

    return choose


def score_from_boxes(
    sequence: ClipSequence, net: Box2MaskNet, config: AnnotateConfig, choice: Choice | None = None
) -> BoxMaskScores | None:
    """Segment a clip from its true boxes and compare with its true masks, on the frames where an object has both.

    Args:
        sequence: with true masks.
        net: the network, in eval mode.
        config: windows, tolerance, solver steps.
        choice: positions to score; windows that hold none of them are not run. None for all.

    Returns:
        The scores; None if no chosen frame has a true mask.

    Raises:
        UserError: bad boxes or unreadable files.
    """
    boxed = {i: np.flatnonzero(np.isfinite(track).all(axis=1)) for i, track in true_boxes(sequence).items()}
    chosen = {
        i: frames if choice is None else frames[sorted(choice(len(frames)))]
        for i, frames in boxed.items()
        if len(frames)
    }

    def plan(num_boxed: int) -> list[Window]:
        windows = schedule(config.mode, num_boxed, config.num_frames, config.interval)
        wanted = None if choice is None else choice(num_boxed)
        return [window for window in windows if wanted is None or not wanted.isdisjoint(window.kept)]

    only = {object_id: frozenset(frames.tolist()) for object_id, frames in chosen.items()}
    scorer = MaskScorer(sequence, BOXED, only, with_boundary=False)
    if not scorer.counted:
        return None
    for index, predict in Segmented(sequence, net, config, plan):
        scorer.add(index, predict)
    objects, frames, jaccard, _ = (np.array(column) for column in zip(*sorted(scorer.values), strict=True))
    return BoxMaskScores(sequence.name, objects, frames, jaccard)
