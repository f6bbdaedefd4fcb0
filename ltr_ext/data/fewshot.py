"""Samples for few-shot training (LWL): a first frame with its mask, later frames to segment."""

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
    """A data set of a recipe."""

    dataset: Any
    """With `multiobj=False`: each object is a sequence."""
    turns: int
    """Samples it gives in its turn."""
    weak: bool = False
    """Its masks are filled boxes. Its crops are not rotated: their boxes would be loose."""


class FewShotSampler(VideoSampler):
    """First and later frames of videos, as LWL draws them.

    Frames are drawn by `first_and_later_frames`. Data sets take turns and sequences come without replacement, as in
    `VideoSampler`; LWL draws both at random, in the same proportions.

    Args:
        sources: the data sets.
        first_crops: how the first frame is cropped.
        later_crops: how the later ones are.
        num_later: how many.
        max_gap: in frames.
        samples_per_epoch: length.
        seed: of all samples.
        repeat: every epoch has the same samples.

    A sample is as that of `SyntheticSampler` with test frames, with `weak` (0 or 1). Of weak samples the masks are
    filled boxes and `test_anno` holds their boxes (x, y, w, h), which may reach over the crop.
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
