"""Samplers: data sets whose samples are functions of (seed, epoch, index) alone, so that training resumes exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pytracking import TensorDict
from torch.utils.data import Dataset

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.frame_choice import Draw, distinct_frames
from ltr_ext.data.processing import CropConfig, CroppedClip, crop_clip
from ltr_ext.data.search_crops import SearchConfig, crop_search_regions
from ltr_ext.data.synthetic.clips import SyntheticConfig, render_clip
from ltr_ext.data.synthetic.stills import StillCollection


class ClipSampler(Dataset):
    """Abstract base class: every sample is drawn with a random generator seeded by (seed, epoch, index).

    Args:
        samples_per_epoch: number of samples in an epoch.
        seed: seed of all samples.
        repeat: whether every epoch has the samples of the first one, as validation needs.
    """

    def __init__(self, samples_per_epoch: int, seed: int, repeat: bool) -> None:
        self.samples_per_epoch = samples_per_epoch
        self.seed = seed
        self.repeat = repeat
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Switch to the samples of that epoch."""
        self.epoch = 0 if self.repeat else epoch

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __getitem__(self, index: int) -> Any:
        """The `TensorDict` of one clip; its fields are those of the subclass."""
        raise NotImplementedError


class SyntheticSampler(ClipSampler):
    """Draws synthetic clips made of still photographs.

    Args:
        stills: photographs with id masks.
        backgrounds: photographs without masks; may be empty.
        clips: what clips look like.
        crops: how frames are cropped.
        num_frames: number T of frames.
        samples_per_epoch: see `ClipSampler`.
        seed: see `ClipSampler`.
        repeat: see `ClipSampler`.
        test_crops: if given, the first frame becomes `train_*`, and the others, cropped in this way, become `test_*`,
            as LWL needs.

    A sample holds `train_images` [T, 3, H, W] uint8 RGB, `train_masks` [T, H, W] uint8 (0 background, 1 object,
    255 undecided), `train_anno` [T, 4] float32 boxes (x, y, w, h) in crop pixels, `dataset` and `sequence` (str); with
    `test_crops` also `test_images`, `test_masks` and `test_anno`.
    """

    def __init__(
        self,
        stills: StillCollection,
        backgrounds: tuple[Path, ...],
        clips: SyntheticConfig,
        crops: CropConfig | SearchConfig,
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

    def __getitem__(self, index: int) -> Any:
        """The `TensorDict` of one clip."""
        rng = np.random.default_rng((self.seed, self.epoch, index))
        clip = render_clip(rng, self.num_frames, self.stills, self.backgrounds, self.clips)
        clips = cut_sample(rng, clip.frames, clip.masks, self.crops, self.test_crops)
        return make_sample(clips, dataset="synthetic", sequence=clip.name)


class VideoSampler(ClipSampler):
    """Draws sub-sequences of videos with masks (paper section 3.4); sequences are drawn without replacement.

    The data sets take turns in the given proportion. The sequences of each are used in a random order, which is drawn
    anew in every epoch and whenever the data set is exhausted.

    Args:
        datasets: the host's video data sets, made with `multiobj=False`, so that each object is a sequence.
        turns: how many samples each data set gives in a row when it is its turn, for example (6, 1).
        crops: how frames are cropped; None in subclasses that crop in another way.
        num_frames: number T of frames.
        window: the frames are drawn from a window of this many frames.
        samples_per_epoch: see `ClipSampler`.
        seed: see `ClipSampler`.
        repeat: see `ClipSampler`.
        draw: how the frames are chosen, see `ltr_ext.data.frame_choice`.
        test_crops: see `SyntheticSampler`.

    A sample has the fields of a sample of `SyntheticSampler`.
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        turns: Sequence[int],
        crops: CropConfig | SearchConfig | None,
        *,
        num_frames: int,
        window: int,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
        draw: Draw = distinct_frames,
        test_crops: CropConfig | None = None,
    ) -> None:
        super().__init__(samples_per_epoch, seed, repeat)
        self.datasets = list(datasets)
        self.turns = tuple(turns)
        self.crops = crops
        self.test_crops = test_crops
        self.draw = draw
        self.num_frames = num_frames
        self.window = window

    def __getitem__(self, index: int) -> Any:
        """The `TensorDict` of one sub-sequence.

        Raises:
            ValueError: 100 sequences in a row do not have enough frames that show the object.
        """
        number, place = self.choose(index)
        rng = np.random.default_rng((self.seed, self.epoch, index))
        dataset = self.datasets[number]
        for attempt in range(100):
            if attempt:
                place = int(rng.integers(dataset.get_num_sequences()))
            sample = self._draw_from(rng, number, place)
            if sample is not None:
                return sample
        lacking = f"100 sequences without {self.num_frames} visible frames within {self.window}"
        raise ValueError(f"{dataset.get_name()}: {lacking}; check the data set")

    def choose(self, index: int) -> tuple[int, int]:
        """The number of the data set, and the number of its sequence, that sample `index` of this epoch uses."""
        cycle, place = divmod(index, sum(self.turns))
        number = int(np.searchsorted(np.cumsum(self.turns), place, side="right"))
        used_before = cycle * self.turns[number] + place - sum(self.turns[:number])
        num_sequences = self.datasets[number].get_num_sequences()
        round_number, position = divmod(used_before, num_sequences)
        order = np.random.default_rng((self.seed, self.epoch, number, round_number)).permutation(num_sequences)
        return number, int(order[position])

    def _draw_from(self, rng: np.random.Generator, number: int, sequence: int) -> Any | None:
        """A sample of a sequence of data set `number`; None if fewer than T of its frames show the object."""
        dataset = self.datasets[number]
        info = dataset.get_sequence_info(sequence)
        numbers = self.draw(rng, np.flatnonzero(np.asarray(info["visible"])), self.num_frames, self.window)
        if numbers is None:
            return None
        frames, annotation, _ = dataset.get_frames(sequence, numbers, info)
        masks = [np.asarray(mask).squeeze().astype(np.uint8) for mask in annotation["mask"]]
        if any(mask_to_box(mask == 1) is None for mask in masks):
            return None
        return self._cut(rng, number, frames, masks, f"{sequence}, frames {numbers}")

    def _cut(
        self, rng: np.random.Generator, number: int, frames: list[np.ndarray], masks: list[np.ndarray], name: str
    ) -> Any:
        """Make a sample of frames of data set `number` and their masks."""
        assert self.crops is not None
        clips = cut_sample(rng, frames, masks, self.crops, self.test_crops)
        return make_sample(clips, dataset=self.datasets[number].get_name(), sequence=name)


class MixedSampler(ClipSampler):
    """Lets several samplers take turns.

    Args:
        samplers: samplers with the same fields and the same length, which is this sampler's length, too.
        turns: how many samples each gives in a row when it is its turn, for example (3, 1).
    """

    def __init__(self, samplers: Sequence[ClipSampler], turns: Sequence[int]) -> None:
        super().__init__(len(samplers[0]), samplers[0].seed, samplers[0].repeat)
        self.samplers = list(samplers)
        self.last_of_turn = np.cumsum(turns)

    def set_epoch(self, epoch: int) -> None:
        """Switch to the samples of that epoch."""
        for sampler in self.samplers:
            sampler.set_epoch(epoch)

    def __getitem__(self, index: int) -> Any:
        """Sample `index` of the sampler whose turn it is."""
        place = index % self.last_of_turn[-1]
        return self.samplers[int(np.searchsorted(self.last_of_turn, place, side="right"))][index]


def cut_sample(
    rng: np.random.Generator,
    frames: list[np.ndarray],
    masks: list[np.ndarray],
    crops: CropConfig | SearchConfig,
    test_crops: CropConfig | None,
) -> dict[str, CroppedClip]:
    """Crop a clip for `make_sample`; with `test_crops`, its first frame becomes "train" and the others "test"."""
    if test_crops is None:
        return {"train": _crop(rng, frames, masks, crops)}
    return {
        "train": _crop(rng, frames[:1], masks[:1], crops),
        "test": _crop(rng, frames[1:], masks[1:], test_crops),
    }


def _crop(
    rng: np.random.Generator, frames: list[np.ndarray], masks: list[np.ndarray], crops: CropConfig | SearchConfig
) -> CroppedClip:
    """Cut the kind of crops that the class of the config stands for."""
    if isinstance(crops, SearchConfig):
        return crop_search_regions(rng, frames, masks, crops)
    return crop_clip(rng, frames, masks, crops)


def make_sample(clips: Mapping[str, CroppedClip], **facts: Any) -> Any:
    """Make the `TensorDict` of a sample, whose tensors have upstream's names.

    Args:
        clips: crops by the prefix of their names, "train" or "test".
        facts: the other fields of the sample.
    """
    fields: dict[str, Any] = dict(facts)
    for prefix, clip in clips.items():
        fields |= {f"{prefix}_images": clip.images, f"{prefix}_masks": clip.masks, f"{prefix}_anno": clip.boxes}
    return TensorDict(fields)
