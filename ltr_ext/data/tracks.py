"""Samples for networks of cues: frames in order, the first with its mask, and where each of their crops lies.

Shapes: T2 later frames, H W crop pixels.
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
    """Clips made from still photographs, as a tracker sees them: every crop lies elsewhere.

    Args:
        stills: photographs with id masks.
        backgrounds: plain photographs, may be empty.
        clips: what clips look like.
        first_crops: of the first frame; not flipped.
        later_crops: of the others; not flipped.
        flow: whether samples hold the optical flow.
        num_frames: 1 + T2.
        samples_per_epoch: length.
        seed: of all samples.
        repeat: every epoch has the same samples.

    A sample holds `train_images` [1, 3, H, W] uint8, `train_masks` [1, H, W] uint8 (0, 1, 255), `train_regions` [1, 4]
    float32 (see `CueFrame.region`), the same as `test_*` with leading T2, with `flow` also `test_flow` [T2, 2, H, W]
    float32 crop pixels, and `dataset` and `sequence` (str).
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
        """`TensorDict` of one clip."""
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
    """Photographs whose deformed mask is to be refined (Perazzi et al., CVPR 2017, section 4): no video at all.

    Each photograph is drawn for two samples in a row, with two deformed masks. The sample is a clip of the photograph
    and itself, in the same crop: the deformed mask on the first, the true one on the second.

    Args:
        stills: photographs with id masks.
        crops: how they are cropped; not flipped.
        deform: how masks are deformed.
        shares: smallest and largest object that is used, as a share of its photograph.
        samples_per_epoch: length.
        seed: of all samples.
        repeat: every epoch has the same samples.

    A sample is as that of `TrackSampler`, with T2 = 1.
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
        """`TensorDict` of one photograph."""
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
        """A picture, the mask of one of its objects (0, 1, 255), and its name."""
        for _ in range(100):
            still = self.stills.draw(rng)
            image, labels = still.load()
            if candidates := object_ids(labels, *self.shares):
                chosen = int(rng.choice(candidates))
                mask = np.where(labels == IGNORE_LABEL, IGNORE_LABEL, labels == chosen).astype(np.uint8)
                return image, mask, f"{still.source}/{still.image_path.stem}:{chosen}"
        raise ValueError("100 photographs without an object of the wanted size; loosen min_share or max_share")


def _regions(crops: tuple[Crop, ...], image_hw: tuple[int, int]) -> Tensor:
    """[T, 4] float32."""
    return torch.from_numpy(np.stack([crop.shares(image_hw) for crop in crops]))


def _flow(frames: list[np.ndarray], crops: tuple[Crop, ...]) -> Tensor:
    """[T2, 2, H, W] float32, from each later frame to the one before it, in the later frame's crop."""
    flows = [
        dense_flow(crop.cut(now), crop.cut(before))
        for crop, before, now in zip(crops, frames[:-1], frames[1:], strict=True)
    ]
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).contiguous()
