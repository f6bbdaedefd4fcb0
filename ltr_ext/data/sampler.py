"""Samplers: data sets whose sample is a function of (seed, epoch, index) alone, so that training resumes exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pytracking import TensorDict
from torch.utils.data import Dataset

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.processing import CropConfig, CroppedClip, crop_clip
from ltr_ext.data.stills import StillCollection
from ltr_ext.data.synthetic import SyntheticConfig, render_clip


class ClipSampler(Dataset):
    """Abstract: a number of samples per epoch, each drawn with a generator of its own.

    Args:
        samples_per_epoch: length.
        seed: of all samples.
        repeat: give every epoch the samples of the first, as validation wants.
    """

    def __init__(self, samples_per_epoch: int, seed: int, repeat: bool) -> None:
        self.samples_per_epoch = samples_per_epoch
        self.seed = seed
        self.repeat = repeat
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the samples of that epoch."""
        self.epoch = 0 if self.repeat else epoch

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __getitem__(self, index: int) -> Any:
        """`TensorDict` of one clip; see the subclass."""
        return self.draw(np.random.default_rng((self.seed, self.epoch, index)))

    def draw(self, rng: np.random.Generator) -> Any:
        """Make one sample from that generator."""
        raise NotImplementedError


class SyntheticSampler(ClipSampler):
    """Clips made from still photographs.

    Args:
        stills: photographs with id masks.
        backgrounds: plain photographs, may be empty.
        clips: what clips look like.
        crops: how they are cropped.
        num_frames: T.
        samples_per_epoch: length.
        seed: of all samples.
        repeat: every epoch has the same samples.
        test_crops: if given, the first frame becomes `train_*` and the others, cropped like this, `test_*` (LWL).

    A sample holds `train_images` [T, 3, H, W] uint8, `train_masks` [T, H, W] uint8 (0, 1, 255), `train_anno` [T, 4]
    float32 boxes in crop pixels, `dataset` and `sequence` (str); with `test_crops` also `test_images` and so on.
    """

    def __init__(
        self,
        stills: StillCollection,
        backgrounds: tuple[Path, ...],
        clips: SyntheticConfig,
        crops: CropConfig,
        *,
        num_frames: int,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
        test_crops: CropConfig | None = None,
    ) -> None:
        super().__init__(samples_per_epoch, seed, repeat)
        self.stills = stills
        self.backgrounds = backgrounds
        self.clips = clips
        self.crops = crops
        self.num_frames = num_frames
        self.test_crops = test_crops

    def draw(self, rng: np.random.Generator) -> Any:
        clip = render_clip(rng, self.num_frames, self.stills, self.backgrounds, self.clips)
        names = {"dataset": "synthetic", "sequence": clip.name}
        if self.test_crops is None:
            return TensorDict({**_fields("train", crop_clip(rng, clip.frames, clip.masks, self.crops)), **names})
        first = crop_clip(rng, clip.frames[:1], clip.masks[:1], self.crops)
        rest = crop_clip(rng, clip.frames[1:], clip.masks[1:], self.test_crops)
        return TensorDict({**_fields("train", first), **_fields("test", rest), **names})


class VideoSampler(ClipSampler):
    """Sub-sequences of mask-annotated videos (paper section 3.4).

    Args:
        datasets: the host's video data sets with `multiobj=False` (each object is a sequence).
        weights: relative probability of each data set.
        crops: how frames are cropped.
        num_frames: T.
        max_gap: frames are drawn from a window of this length.
        samples_per_epoch: length.
        seed: of all samples.
        repeat: every epoch has the same samples.

    A sample is as that of `SyntheticSampler` without test frames.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        weights: Sequence[float],
        crops: CropConfig,
        *,
        num_frames: int,
        max_gap: int,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
    ) -> None:
        super().__init__(samples_per_epoch, seed, repeat)
        self.datasets = list(datasets)
        self.probabilities = np.array(weights, dtype=np.float64) / np.sum(weights)
        self.crops = crops
        self.num_frames = num_frames
        self.max_gap = max_gap

    def draw(self, rng: np.random.Generator) -> Any:
        for _ in range(100):
            dataset = self.datasets[rng.choice(len(self.datasets), p=self.probabilities)]
            sequence = int(rng.integers(dataset.get_num_sequences()))
            info = dataset.get_sequence_info(sequence)
            visible = np.flatnonzero(np.asarray(info["visible"]))
            if len(visible) < self.num_frames:
                continue
            start = rng.choice(visible)
            window = visible[(visible >= start) & (visible < start + self.max_gap)]
            if len(window) < self.num_frames:
                continue
            numbers = np.sort(rng.choice(window, self.num_frames, replace=False))
            frames, annotation, _ = dataset.get_frames(sequence, numbers.tolist(), info)
            masks = [np.asarray(mask).squeeze().astype(np.uint8) for mask in annotation["mask"]]
            if any(mask_to_box(mask == 1) is None for mask in masks):
                continue
            names = {"dataset": dataset.get_name(), "sequence": f"{sequence} frames {numbers.tolist()}"}
            return TensorDict({**_fields("train", crop_clip(rng, frames, masks, self.crops)), **names})
        raise ValueError(f"100 draws gave no {self.num_frames} visible frames within {self.max_gap}; check the data sets")


def _fields(prefix: str, clip: CroppedClip) -> dict[str, Any]:
    """Upstream's names for the tensors of a clip."""
    return {f"{prefix}_images": clip.images, f"{prefix}_masks": clip.masks, f"{prefix}_anno": clip.boxes}
