"""The crops on which LWL is trained: search regions around jittered boxes, with random rotation, zoom and brightness.

The numbers are those of Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020, and of
upstream's code.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.crop import search_region
from ltr_ext.data.processing import CroppedClip


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How search regions are chosen and augmented."""

    crop_hw: tuple[int, int] = (480, 832)
    """Size of the crop in pixels."""
    scale: float = 5.0
    """Square root of the region's area over the jittered box's area."""
    centre_jitter: tuple[float, float] = (3.0, 3.0)
    """Width of the uniform distribution of the centre (x, y), in units of the square root of the box's area."""
    scale_jitter: float = 0.25
    """Standard deviation of the logarithms of the box's width and height, which are drawn independently."""
    grey: float = 0.05
    """Probability that all frames of a call become grey."""
    flip: float = 0.5
    """Probability that all frames of a call are flipped left-right."""
    rotation: float = 15.0
    """Largest angle in degrees; drawn per frame."""
    zoom: float = 0.2
    """Largest logarithm of the zoom; drawn per frame."""
    brightness: float = 0.2
    """Largest relative change of the brightness; drawn per frame."""


def crop_search_regions(
    rng: np.random.Generator, frames: list[np.ndarray], masks: list[np.ndarray], config: SearchConfig
) -> CroppedClip:
    """Cut a search region from every frame; either all of them or none become grey, and so for flipping.

    Args:
        rng: random generator, the only source of randomness.
        frames: T frames [H, W, 3] uint8 RGB.
        masks: T masks [H, W] uint8, 1 for the object, which every frame must show.
        config: how regions are chosen and augmented.

    Returns:
        The crops. A mask is empty if the object lies outside its crop. The boxes are those of the uncropped masks in
        crop pixels: they may extend beyond the crop, and are tight unless the crop was rotated.

    Raises:
        ValueError: a frame does not show the object.
    """
    grey, flip = rng.random() < config.grey, rng.random() < config.flip
    images, labels, boxes = [], [], []
    for number, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        box = mask_to_box(mask == 1)
        if box is None:
            raise ValueError(f"frame {number} of the clip has no object")
        region = search_region(_jitter(rng, box, config), frame.shape[:2], config.scale, config.crop_hw)
        image, label = region.cut(frame), region.cut_mask(mask)
        matrix = _draw_affine(rng, config, flip)
        size = config.crop_hw[::-1]
        image = cv2.warpAffine(image, matrix[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        label = cv2.warpAffine(label, matrix[:2], size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        if grey:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        light = rng.uniform(1 - config.brightness, 1 + config.brightness)
        image = np.clip(image.astype(np.float32) * light, 0, 255).astype(np.uint8)
        images.append(torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))))
        labels.append(torch.from_numpy(label))
        boxes.append(torch.from_numpy(_carry(region.boxes_to_crop(box), matrix).astype(np.float32)))
    return CroppedClip(torch.stack(images), torch.stack(labels), torch.stack(boxes))


def _jitter(rng: np.random.Generator, box: np.ndarray, config: SearchConfig) -> np.ndarray:
    """A random box near the given one, of another size."""
    size = box[2:] * np.exp(rng.normal(0, config.scale_jitter, 2))
    offset = np.sqrt(size.prod()) * np.array(config.centre_jitter) * (rng.random(2) - 0.5)
    return np.concatenate([box[:2] + box[2:] / 2 + offset - size / 2, size])


def _draw_affine(rng: np.random.Generator, config: SearchConfig, flip: bool) -> np.ndarray:
    """A random [3, 3] affine map of pixel centres (x, y, 1), which leaves the middle of the crop in place."""
    height, width = config.crop_hw
    angle = rng.uniform(-config.rotation, config.rotation) if config.rotation else 0.0
    zoom = np.exp(rng.uniform(-config.zoom, config.zoom))
    turned = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, zoom)
    mirror = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]) if flip else np.eye(3)
    return np.vstack([turned, [0, 0, 1]]) @ mirror


def _carry(box: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The box around the four mapped corners of a box."""
    x, y, w, h = box
    # The map is one of pixel centres, and edges lie half a pixel beside them.
    corners = np.array([[x + i * w - 0.5, y + j * h - 0.5, 1.0] for i in (0, 1) for j in (0, 1)])
    moved = (corners @ matrix.T)[:, :2] + 0.5
    low, high = moved.min(axis=0), moved.max(axis=0)
    return np.concatenate([low, high - low])
