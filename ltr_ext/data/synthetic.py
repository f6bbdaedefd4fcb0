"""Synthetic video from still photographs.

Two kinds of clip. *Whole*: the photograph itself is warped from frame to frame (Perazzi et al., CVPR 2017), object and
surroundings together. *Cut*: the object is cut out and moved over its own photograph (hole filled) or a foreign one,
among distractors and behind occluders that move by themselves: there the cue that box2mask lives on, object against
background, is in the data. Every draw comes from the generator handed in, so a clip is a function of its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_image
from ltr_ext.data.layers import Layer, draw_motion, fill_hole
from ltr_ext.data.photometry import draw_look
from ltr_ext.data.stills import StillCollection, object_ids


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """What synthetic clips look like."""

    canvas_side: int = 416
    """Longer side of a frame in pixels."""
    whole_share: float = 0.4
    """Share of clips that warp the photograph as a whole."""
    own_background_share: float = 0.5
    """Among cut clips: share moved over the object's own photograph."""
    max_distractors: int = 2
    """Most other objects in a cut clip."""
    occluder_share: float = 0.35
    """Probability that a distractor passes in front of the object."""
    object_share: tuple[float, float] = (0.15, 0.6)
    """Size of the object in a cut clip: square root of its area over the canvas side, smallest and largest."""
    speed: float = 0.5
    """Standard deviation of the object's way through the clip, in units of its size."""
    min_visible: float = 0.3
    """Least share of the object that must be seen in each frame."""
    min_share: float = 0.004
    """Smallest object used, as a share of its photograph."""
    max_share: float = 0.7
    """Largest object used, as a share of its photograph."""


@dataclass(frozen=True)
class Clip:
    """A rendered clip with one annotated object."""

    frames: list[np.ndarray]
    """T of [H, W, 3] uint8 RGB."""
    masks: list[np.ndarray]
    """T of [H, W] uint8: 1 object, 0 background, 255 undecided."""
    name: str
    """Photograph and object it was made from."""


def render_clip(
    rng: np.random.Generator,
    num_frames: int,
    stills: StillCollection,
    backgrounds: tuple[Path, ...],
    config: SyntheticConfig,
) -> Clip:
    """Render a clip in which the object is visible in every frame.

    Args:
        rng: the only source of chance.
        num_frames: T.
        stills: photographs with objects.
        backgrounds: plain photographs for foreign backgrounds; other stills serve as well.
        config: what clips look like.
    """
    for _ in range(20):
        still = stills.draw(rng)
        image, labels = still.load()
        candidates = object_ids(labels, config.min_share, config.max_share)
        if not candidates:
            continue
        chosen = int(rng.choice(candidates))
        if rng.random() < config.whole_share:
            layers = [_whole_layer(rng, image, labels, chosen, config)]
            annotated = 0
        else:
            layers, annotated = _cut_layers(rng, image, labels, chosen, still.source, stills, backgrounds, config)
        clip = _render(rng, layers, annotated, num_frames, config, f"{still.source}/{still.image_path.stem}:{chosen}")
        if clip is not None:
            return clip
    raise ValueError("20 attempts gave no clip with a visible object; loosen min_share, max_share or min_visible")


def _whole_layer(
    rng: np.random.Generator, image: np.ndarray, labels: np.ndarray, chosen: int, config: SyntheticConfig
) -> Layer:
    """The photograph as one layer that fills the canvas."""
    mask = np.where(labels == IGNORE_LABEL, IGNORE_LABEL, labels == chosen).astype(np.uint8)
    canvas = _canvas(image.shape[:2], config.canvas_side)
    return Layer.background(image, mask, canvas, draw_motion(rng, travel=0.08, bend=0.03, growth=0.08, turn=0.06))


def _cut_layers(
    rng: np.random.Generator,
    image: np.ndarray,
    labels: np.ndarray,
    chosen: int,
    source: str,
    stills: StillCollection,
    backgrounds: tuple[Path, ...],
    config: SyntheticConfig,
) -> tuple[list[Layer], int]:
    """Background, things behind, the object, things in front; and the place of the object among them."""
    if rng.random() < config.own_background_share:
        scene = fill_hole(rng, image, labels == chosen)
    elif backgrounds and rng.random() < 0.5:
        scene = read_image(backgrounds[rng.integers(len(backgrounds))])
    else:
        scene = stills.draw(rng).load()[0]
    canvas = _canvas(scene.shape[:2], config.canvas_side)
    background = Layer.background(
        scene, None, canvas, draw_motion(rng, travel=0.15, bend=0.015, growth=0.08, turn=0.05)
    )
    share = float(np.exp(rng.uniform(*np.log(config.object_share))))
    size = share * config.canvas_side
    target = Layer.cut_out(
        rng,
        image,
        labels == chosen,
        canvas,
        size,
        draw_motion(rng, travel=config.speed, bend=0.04, growth=0.2, turn=0.2),
    )
    behind: list[Layer] = []
    front: list[Layer] = []
    for _ in range(rng.integers(config.max_distractors + 1)):
        other_image, other_mask = _distractor(rng, image, labels, chosen, source, stills, config)
        if other_mask is None:
            continue
        motion = draw_motion(rng, travel=1.5 * config.speed, bend=0.04, growth=0.2, turn=0.2)
        layer = Layer.cut_out(rng, other_image, other_mask, canvas, size * rng.uniform(0.5, 1.3), motion, near=target)
        (front if rng.random() < config.occluder_share else behind).append(layer)
    return [background, *behind, target, *front], 1 + len(behind)


def _distractor(
    rng: np.random.Generator,
    image: np.ndarray,
    labels: np.ndarray,
    chosen: int,
    source: str,
    stills: StillCollection,
    config: SyntheticConfig,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Another object: of the same photograph, of its kind (same source), or any. Mask None if there is none."""
    kind = rng.random()
    ids = [i for i in object_ids(labels, config.min_share, config.max_share) if i != chosen]
    if kind < 0.3 and ids:
        return image, labels == rng.choice(ids)
    other = stills.draw(rng, source if kind < 0.65 else None)
    image, labels = other.load()
    ids = object_ids(labels, config.min_share, config.max_share)
    return image, (labels == rng.choice(ids)) if ids else None


def _render(
    rng: np.random.Generator, layers: list[Layer], annotated: int, num_frames: int, config: SyntheticConfig, name: str
) -> Clip | None:
    """Draw all frames; None if the object is hidden in one."""
    times = np.sort(rng.uniform(0, 1, num_frames))
    look = draw_look(rng)
    frames, masks = [], []
    for time in times:
        canvas = np.zeros((*layers[0].canvas_hw, 3), np.float32)
        mask = np.zeros(layers[0].canvas_hw, np.uint8)
        full_area = 0.0
        for place, layer in enumerate(layers):
            picture, alpha, labels = layer.render(time)
            if layer.opaque:
                canvas = picture
            else:
                canvas += alpha[..., None] * (picture - canvas)
            if place == annotated:
                mask, full_area = labels, layer.full_area(time)
            elif place > annotated:
                mask = np.where(alpha > 0.5, 0, mask).astype(np.uint8)
        area = int((mask == 1).sum())
        if area < max(config.min_visible * full_area, 48):
            return None
        frames.append(look.apply(rng, canvas))
        masks.append(mask)
    return Clip(frames, masks, name)


def _canvas(image_hw: tuple[int, int], side: int) -> tuple[int, int]:
    """(height, width) with the aspect of the picture and the longer side as given."""
    factor = side / max(image_hw)
    return max(round(image_hw[0] * factor), 64), max(round(image_hw[1] * factor), 64)
