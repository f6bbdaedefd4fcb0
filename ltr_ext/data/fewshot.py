"""Samples for few-shot training (LWL): a first frame with its mask, and later frames to segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ltr_ext.data.frame_choice import first_and_later_frames
from ltr_ext.data.sampler import VideoSampler, make_sample
from ltr_ext.data.search_crops import SearchConfig, crop_search_regions


@dataclass(frozen=True)
class Source:
    """A data set of a training recipe."""

    dataset: Any
    """The host's data set, made with `multiobj=False`, so that each object is a sequence."""
    turns: int
    """How many samples it gives in a row when it is its turn."""
    weak: bool = False
    """Whether its masks are filled boxes. Its crops are not rotated then, since a rotated box is no longer tight."""


class FewShotSampler(VideoSampler):
    """Draws a first frame and later frames of a video, as LWL does.

    Frames are drawn by `first_and_later_frames`. Data sets take turns and sequences are drawn without replacement, as
    in `VideoSampler`; upstream's LWL draws both at random, in the same proportions.

    Args:
        sources: the data sets.
        first_crops: how the first frame is cropped.
        later_crops: how the later frames are cropped.
        num_later: how many later frames a sample has.
        max_gap: largest distance of a later frame from the first one, in frames.
        samples_per_epoch: see `ClipSampler`.
        seed: see `ClipSampler`.
        repeat: see `ClipSampler`.

    A sample has the fields of a `SyntheticSampler` with `test_crops`, and `weak` (0 or 1). In weak samples the masks
    are filled boxes, and `test_anno` holds these boxes (x, y, w, h) in crop pixels; they may extend beyond the crop.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        first_crops: SearchConfig,
        later_crops: SearchConfig,
        *,
        num_later: int,
        max_gap: int,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
    ) -> None:
        super().__init__(
            [source.dataset for source in sources], [source.turns for source in sources], crops=None,
            num_frames=1 + num_later, window=max_gap, samples_per_epoch=samples_per_epoch, seed=seed, repeat=repeat,
            draw=first_and_later_frames,
        )  # fmt: skip
        self.sources = list(sources)
        self.first_crops = first_crops
        self.later_crops = later_crops

    def _cut(
        self, rng: np.random.Generator, number: int, frames: list[np.ndarray], masks: list[np.ndarray], name: str
    ) -> Any:
        source = self.sources[number]
        first, later = (
            replace(crops, rotation=0.0) if source.weak else crops for crops in (self.first_crops, self.later_crops)
        )
        return make_sample(
            {
                "train": crop_search_regions(rng, frames[:1], masks[:1], first),
                "test": crop_search_regions(rng, frames[1:], masks[1:], later),
            },
            dataset=source.dataset.get_name(),
            sequence=name,
            weak=int(source.weak),
        )
