"""Samples for networks of cues: frames in order, the first with its mask, and the regions of their crops.

Shapes: T2 later frames, H x W crop pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.crop import Crop
from ltr_ext.data.image_io import IGNORE_LABEL
from ltr_ext.data.mask_deformation import DeformConfig, deform_mask
from ltr_ext.data.optical_flow import dense_flow
from ltr_ext.data.processing import CropConfig, crop_clip
from ltr_ext.data.sampler import ClipSampler, make_sample
from ltr_ext.data.synthetic.clips import SyntheticConfig, render_clip
from ltr_ext.data.synthetic.stills import StillCollection, object_ids


class TrackSampler(ClipSampler):
    """Draws clips made from still photographs, with the crops of a tracker, whose region differs in every frame.

    A sample holds `train_images` [1, 3, H, W] uint8, `train_masks` [1, H, W] uint8 (0 background, 1 object, 255
    undecided) and `train_regions` [1, 4] float32 (see `CueFrame.region`); the same as `test_...` with T2 in place of 1;
    with `flow` also `test_flow` [T2, 2, H, W] float32 in crop pixels; and `dataset` and `sequence` (str).

    Args:
        stills: photographs with id masks.
        backgrounds: photographs without masks; may be empty.
        clips: how clips are drawn.
        first_crops: how the first frame is cropped; it must not flip.
        later_crops: how the other frames are cropped; it must not flip.
        flow: whether samples hold the optical flow.
        num_frames: 1 + T2.
        samples_per_epoch: number of samples in an epoch.
        seed: seed of all samples.
        repeat: whether every epoch has the same samples.
    """

    def __init__(
        self,
        stills: StillCollection,
        backgrounds: tuple[Path, ...],
        clips: SyntheticConfig,
        first_crops: CropConfig,
        later_crops: CropConfig,
        *,
        flow: bool,
        num_frames: int,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
    ) -> None:
        super().__init__(samples_per_epoch, seed, repeat)
        self.stills = stills
        self.backgrounds = backgrounds
        self.clips = clips
        self.first_crops = first_crops
        self.later_crops = later_crops
        self.flow = flow
        self.num_frames = num_frames

    def __getitem__(self, index: int) -> Any:
        """Draw the `TensorDict` of one clip."""
        rng = np.random.default_rng((self.seed, self.epoch, index))
        clip = render_clip(rng, self.num_frames, self.stills, self.backgrounds, self.clips)
        first = crop_clip(rng, clip.frames[:1], clip.masks[:1], self.first_crops)
        later = crop_clip(rng, clip.frames[1:], clip.masks[1:], self.later_crops)
        hw = (clip.masks[0].shape[0], clip.masks[0].shape[1])
        facts = {
            "train_regions": _regions(first.crops, hw),
            "test_regions": _regions(later.crops, hw),
            **({"test_flow": _flow(clip.frames, later.crops)} if self.flow else {}),
        }
        return make_sample({"train": first, "test": later}, dataset="synthetic", sequence=clip.name, **facts)


class StillSampler(ClipSampler):
    """Draws photographs with a deformed mask that is to be refined (Perazzi et al., CVPR 2017, section 4).

    Each photograph is used for two samples in a row, with two deformed masks. A sample has the fields of
    `TrackSampler`, with T2 = 1. Both of its frames are the same crop of the photograph: the first has the deformed
    mask, the second the true one.

    Args:
        stills: photographs with id masks.
        crops: how photographs are cropped; it must not flip.
        deform: how masks are deformed.
        shares: smallest and largest area of an object that is used, as a fraction of its photograph.
        samples_per_epoch: number of samples in an epoch.
        seed: seed of all samples.
        repeat: whether every epoch has the same samples.
    """

    def __init__(
        self,
        stills: StillCollection,
        crops: CropConfig,
        deform: DeformConfig,
        shares: tuple[float, float],
        *,
        samples_per_epoch: int,
        seed: int,
        repeat: bool = False,
    ) -> None:
        super().__init__(samples_per_epoch, seed, repeat)
        self.stills = stills
        self.crops = crops
        self.deform = deform
        self.shares = shares

    def __getitem__(self, index: int) -> Any:
        """Draw the `TensorDict` of one photograph."""
        shared = np.random.default_rng((self.seed, self.epoch, index // 2))
        image, mask, name = self._draw(shared)
        crop = crop_clip(shared, [image], [mask], self.crops)
        rng = np.random.default_rng((self.seed, self.epoch, index // 2, index % 2))
        deformed = deform_mask(rng, (crop.masks[0].numpy() == 1).astype(np.uint8), self.deform)
        regions = _regions(crop.crops, (image.shape[0], image.shape[1]))
        fields = {
            "train_images": crop.images, "train_masks": torch.from_numpy(deformed)[None], "train_regions": regions,
            "test_images": crop.images, "test_masks": crop.masks, "test_regions": regions,
        }  # fmt: skip
        return make_sample({}, dataset="stills", sequence=name, **fields)

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, str]:
        """Draw a photograph [H, W, 3], the mask [H, W] of one of its objects (0, 1, 255), and the sample's name."""
        for _ in range(100):
            still = self.stills.draw(rng)
            image, labels = still.load()
            if candidates := object_ids(labels, *self.shares):
                chosen = int(rng.choice(candidates))
                mask = np.where(labels == IGNORE_LABEL, IGNORE_LABEL, labels == chosen).astype(np.uint8)
                return image, mask, f"{still.source}/{still.image_path.stem}:{chosen}"
        raise ValueError("100 photographs without an object of the wanted size; loosen min_share or max_share")


def _regions(crops: tuple[Crop, ...], image_hw: tuple[int, int]) -> Tensor:
    """The regions [T, 4] float32 of crops, see `CueFrame.region`."""
    return torch.from_numpy(np.stack([crop.shares(image_hw) for crop in crops]))


def _flow(frames: list[np.ndarray], crops: tuple[Crop, ...]) -> Tensor:
    """The flow [T2, 2, H, W] float32 from each later frame to the preceding one, in the crop of the later frame."""
    flows = [
        dense_flow(crop.cut(now), crop.cut(before))
        for crop, before, now in zip(crops, frames[:-1], frames[1:], strict=True)
    ]
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).contiguous()
