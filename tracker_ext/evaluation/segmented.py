"""What box2mask makes of the true boxes of a clip, frame by frame, ready to be scored."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.evaluation.protocols import CLIPS, Protocol, frames_with_masks
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.scoring import MaskScorer, Predict, Score
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import WindowPlan, annotate
from tracker_ext.video.frames import open_frames


class Segmented:
    """Iterate over it once: (frame, its masks), frames ascending.

    Args:
        sequence: with true boxes.
        net: the network, in eval mode.
        config: windows, tolerance, solver steps.
        plan: see `annotate`.
    """

    def __init__(
        self, sequence: ClipSequence, net: Box2MaskNet, config: AnnotateConfig, plan: WindowPlan | None = None
    ) -> None:
        shown = {i: track for i, track in true_boxes(sequence).items() if np.isfinite(track).all(axis=1).any()}
        # Any id may stand in the data set, 255 too; the network's masks are numbered from 1.
        self._numbers = {object_id: number for number, object_id in enumerate(shown, 1)}
        self._boxes = dict(enumerate(shown.values(), 1))
        self._run = sequence, net, config, plan
        self.seconds = 0.0
        """Time of reading and segmenting so far, without what is done between two frames."""
        boxed = [np.isfinite(track).all(axis=1) for track in shown.values()]
        self.num_boxed = int(np.any(boxed, axis=0).sum())
        """Frames that show an object."""
        self.num_masks = int(np.sum(boxed))
        """Masks in all, one per box."""

    def __iter__(self) -> Iterator[tuple[int, Predict]]:
        """Raises `UserError` for bad boxes and unreadable frames; nothing comes of a clip without a box."""
        sequence, net, config, plan = self._run
        if not self._boxes:
            return
        start = time.perf_counter()
        for result in annotate(open_frames(sequence.frames), self._boxes, net, config, name=sequence.name, plan=plan):
            self.seconds += time.perf_counter() - start
            yield result.index, self._masks(result.labels)
            start = time.perf_counter()

    def _masks(self, labels: np.ndarray) -> Predict:
        return lambda object_id, shape: labels == self._numbers.get(object_id, -1)


def score_box2mask(
    sequence: ClipSequence, net: Box2MaskNet, config: AnnotateConfig, method: str, protocol: Protocol = CLIPS
) -> tuple[Score, Segmented]:
    """Segment a clip from its true boxes and score it by the rules of its data set; nan without true masks.

    Raises:
        UserError: bad boxes, unreadable files, masks of another size than the frames.
    """
    segmented, scorer = Segmented(sequence, net, config), MaskScorer(sequence, protocol)
    if not frames_with_masks(sequence):
        return scorer.score(method), segmented
    for index, predict in segmented:
        scorer.add(index, predict)
    return scorer.score(method, fps=segmented.num_boxed / max(segmented.seconds, 1e-9)), segmented
