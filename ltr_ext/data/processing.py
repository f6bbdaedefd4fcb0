"""Cuts the crops on which a network is trained from the frames and masks of a clip (paper section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.crop import Crop, crop_around


@dataclass(frozen=True, kw_only=True)
class CropConfig:
    """How training crops are cut; the defaults are the paper's."""

    crop_hw: tuple[int, int] = (480, 832)
    """Size of the crop in pixels."""
    scale: tuple[float, float] = (5.0, 5.0)
    """Range of the scale (see `crop_around`), which is drawn per clip."""
    shift: float = 0.0
    """Standard deviation of the crop's centre, in units of the box's sides; drawn per frame."""
    scale_jitter: float = 0.0
    """Standard deviation of the logarithm of the scale; drawn per frame."""
    loose_share: float = 0.0
    """Share of clips whose boxes are as imprecise as an annotator's."""
    looseness: float = 0.1
    """Largest error of an imprecise box's side, relative to the box."""
    flip: bool = True
    """Whether half of the clips are flipped left-right."""


@dataclass(frozen=True)
class CroppedClip:
    """The T crops of a clip."""

    images: Tensor
    """[T, 3, H, W] uint8 RGB."""
    masks: Tensor
    """[T, H, W] uint8; 0 background, 1 object, 255 undecided."""
    boxes: Tensor
    """[T, 4] float32 (x, y, w, h) in crop pixels."""
    crops: tuple[Crop, ...] = ()
    """The regions of the crops before they were flipped; empty if the clip was changed in another way."""


def crop_clip(
    rng: np.random.Generator, frames: list[np.ndarray], masks: list[np.ndarray], config: CropConfig
) -> CroppedClip:
    """Cut a crop from every frame, around the box of its mask.

    Args:
        rng: random generator, the only source of randomness.
        frames: T frames [H, W, 3] uint8 RGB.
        masks: T masks [H, W] uint8, 1 for the object, which every frame must show.
        config: how crops are cut.

    Raises:
        ValueError: a frame does not show the object.
    """
    scale = rng.uniform(*config.scale)
    loose = rng.random() < config.loose_share
    flip = config.flip and rng.random() < 0.5
    images, labels, boxes, crops = [], [], [], []
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        box = mask_to_box(mask == 1)
        if box is None:
            raise ValueError(f"frame {number} of the clip has no object")
        if loose:
            box = loosen(rng, box, config.looseness)
        shift = rng.normal(0, config.shift, 2) if config.shift else np.zeros(2)
        frame_scale = scale * np.exp(rng.normal(0, config.scale_jitter)) if config.scale_jitter else scale
        crop = crop_around(box, frame.shape[:2], frame_scale, config.crop_hw, (shift[0], shift[1]))
        image, label = crop.cut(frame), crop.cut_mask(mask)
        box = crop.boxes_to_crop(box)
        if flip:
            image, label = image[:, ::-1], label[:, ::-1]
            box = np.array([config.crop_hw[1] - box[0] - box[2], *box[1:]])
        images.append(torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))))
        labels.append(torch.from_numpy(np.ascontiguousarray(label)))
        boxes.append(torch.from_numpy(box.astype(np.float32)))
        crops.append(crop)
    return CroppedClip(torch.stack(images), torch.stack(labels), torch.stack(boxes), tuple(crops))


def loosen(rng: np.random.Generator, box: np.ndarray, looseness: float) -> np.ndarray:
    """Move each side of a box outwards or, at most 0.4 times as far, inwards, as imprecise annotators do.

    Args:
        rng: random generator.
        box: [4] (x, y, w, h).
        looseness: largest error of a side, relative to the box's width or height.
    """
    x, y, w, h = box
    left, right = rng.uniform(-0.4 * looseness, looseness, 2) * w
    top, bottom = rng.uniform(-0.4 * looseness, looseness, 2) * h
    return np.array([x - left, y - top, w + left + right, h + top + bottom])
