"""Synthetic video from still photographs.

Two kinds of clip. *Whole*: the photograph itself is warped from frame to frame (Perazzi et al., CVPR 2017), object and
surroundings together. *Cut*: the object is cut out and moved over its own photograph (hole filled) or a foreign one,
among distractors and behind occluders that move by themselves: there the cue that box2mask lives on, object against
background, is in the data. Every draw comes from the generator handed in, so a clip is a function of its seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_image
from ltr_ext.data.synthetic.attachments import attach_lines, attach_part
from ltr_ext.data.synthetic.layers import Layer, fill_hole
from ltr_ext.data.synthetic.motion import draw_motion, moving_along
from ltr_ext.data.synthetic.photometry import draw_look
from ltr_ext.data.synthetic.scenery import draw_bars, plant_crowd, punch_holes
from ltr_ext.data.synthetic.stills import StillCollection, object_ids


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """What synthetic clips look like."""

    canvas_side: int = 416
    """Longer side of a frame in pixels."""
    whole_share: float = 0.3
    """Share of clips that warp the photograph as a whole."""
    own_background_share: float = 0.5
    """Among cut clips: share moved over the object's own photograph."""
    max_distractors: int = 3
    """Most other objects in a cut clip."""
    occluder_share: float = 0.4
    """Probability that a distractor passes in front of the object."""
    part_share: float = 0.3
    """Share of cut objects that another object is attached to: both are the object, and move as one."""
    line_share: float = 0.12
    """Share of cut objects that thin lines are attached to."""
    shadow_share: float = 0.3
    """Share of cut objects that cast a soft shadow, which is background but moves along."""
    line_reach: tuple[float, float] = (0.4, 1.8)
    """How far such lines reach, shortest and longest, in units of the object's size."""
    thinnest_line: int = 1
    """Least width of such a line, pixels of the photograph."""
    hole_share: float = 0.0
    """Share of cut objects with holes that show what is behind."""
    crowd_share: float = 0.0
    """Share of cut clips with a crowd in the background, mostly of the object's kind, that moves with it."""
    still_share: float = 0.0
    """Probability that a distractor stands still in the scene, before or behind what it passes (parallax)."""
    bar_share: float = 0.0
    """Share of cut clips with poles, a fence or a branch in front of the object."""
    blur_share: float = 0.0
    """Share of clips in which all that moves is blurred along its way."""
    harmony: float = 0.6
    """How far, at most, the colours of a cut object are drawn to those of a foreign background; 1 is wholly."""
    object_share: tuple[float, float] = (0.15, 0.6)
    """Size of the object in a cut clip: square root of its area over the canvas side, smallest and largest."""
    speed: float = 0.9
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
    own = rng.random() < config.own_background_share
    if own:
        scene = fill_hole(rng, image, labels == chosen)
    elif backgrounds and rng.random() < 0.5:
        scene = read_image(backgrounds[rng.integers(len(backgrounds))])
    else:
        scene = stills.draw(rng).load()[0]
    canvas = _canvas(scene.shape[:2], config.canvas_side)
    camera = draw_motion(rng, travel=0.15, bend=0.015, growth=0.08, turn=0.05)
    others = _Others(image, labels, chosen, source, stills, config)
    picture, mask = image, labels == chosen
    if not own:
        picture = _harmonise(picture, mask, scene, rng.uniform(0, config.harmony))
    if rng.random() < config.part_share and (part := others.draw(rng)):
        picture, mask = attach_part(rng, picture, mask, *part)
    if rng.random() < config.line_share:
        picture, mask = attach_lines(rng, picture, mask, config.line_reach, config.thinnest_line)
    if _happens(rng, config.hole_share):
        mask = punch_holes(rng, mask)
    size = float(np.exp(rng.uniform(*np.log(config.object_share)))) * config.canvas_side
    motion = draw_motion(rng, travel=config.speed, bend=0.04, growth=0.2, turn=0.2)
    target = Layer.cut_out(rng, picture, mask, canvas, size, motion, shadow_share=config.shadow_share)
    if _happens(rng, config.crowd_share):
        crowd = [thing for _ in range(rng.integers(2, 8)) if (thing := others.draw(rng, alike=0.8))]
        scene = plant_crowd(rng, scene, crowd, target.size * max(scene.shape[:2]) / config.canvas_side)
    background = Layer.background(scene, None, canvas, camera)
    behind: list[Layer] = []
    front: list[Layer] = []
    for _ in range(rng.integers(config.max_distractors + 1)):
        if (other := others.draw(rng)) is None:
            continue
        motion = draw_motion(rng, travel=1.3 * config.speed, bend=0.04, growth=0.2, turn=0.2)
        layer = Layer.cut_out(rng, *other, canvas, size * rng.uniform(0.3, 1.3), motion, near=target)
        in_front = rng.random() < config.occluder_share
        if _happens(rng, config.still_share):
            depth = (1.0, 1.8) if in_front else (0.9, 1.3)
            layer = replace(layer, motion=moving_along(rng, camera, background.size, layer.size, depth))
        (front if in_front else behind).append(layer)
    if _happens(rng, config.bar_share):
        bars = draw_bars(rng, target.size)
        own_size = float(np.sqrt(bars[1].sum()))
        motion = moving_along(rng, camera, background.size, own_size, (1.0, 1.8))
        front.append(Layer.cut_out(rng, *bars, canvas, own_size, motion, near=target))
    return [background, *behind, target, *front], 1 + len(behind)


@dataclass(frozen=True)
class _Others:
    """Where the other objects of a clip come from."""

    image: np.ndarray
    labels: np.ndarray
    chosen: int
    source: str
    stills: StillCollection
    config: SyntheticConfig

    def draw(self, rng: np.random.Generator, alike: float = 0.65) -> tuple[np.ndarray, np.ndarray] | None:
        """(picture, mask) of an object of the same photograph, of its kind (same source), or of any; None if none.

        Args:
            rng: random generator.
            alike: probability of one of the two former; that of the first is 0.3, if there is another object in it.
        """
        smallest, largest = self.config.min_share, self.config.max_share
        kind = rng.random()
        ids = [i for i in object_ids(self.labels, smallest, largest) if i != self.chosen]
        if kind < 0.3 and ids:
            return self.image, self.labels == rng.choice(ids)
        image, labels = self.stills.draw(rng, self.source if kind < alike else None).load()
        ids = object_ids(labels, smallest, largest)
        return (image, labels == rng.choice(ids)) if ids else None


def _happens(rng: np.random.Generator, share: float) -> bool:
    """Whether what has this probability happens; what never does draws no number, so that older recipes repeat."""
    return share > 0 and bool(rng.random() < share)


def _harmonise(picture: np.ndarray, mask: np.ndarray, scene: np.ndarray, strength: float) -> np.ndarray:
    """Scale the colours of a picture so that the object's mean moves towards the scene's; strength 0 to 1."""
    ratio = (scene.mean(axis=(0, 1)) + 8.0) / (picture[mask].mean(axis=0) + 8.0)
    return np.clip(picture * np.clip(ratio, 0.4, 2.5) ** strength, 0, 255).astype(np.uint8)


def _render(
    rng: np.random.Generator, layers: list[Layer], annotated: int, num_frames: int, config: SyntheticConfig, name: str
) -> Clip | None:
    """Draw all frames; None if the object is hidden in one."""
    # One time in each T-th of the clip: frames as near as can be and far apart both occur, and something moves.
    times = (np.arange(num_frames) + rng.uniform(0, 1, num_frames)) / num_frames
    look = draw_look(rng)
    exposure = rng.uniform(0.02, 0.12) if _happens(rng, config.blur_share) else 0.0
    frames, masks = [], []
    for time in times:
        canvas = np.zeros((*layers[0].canvas_hw, 3), np.float32)
        mask = np.zeros(layers[0].canvas_hw, np.uint8)
        full_area = 0.0
        for place, layer in enumerate(layers):
            seen = layer.render(time, exposure)
            place_in_frame = canvas[seen.region]
            if layer.shadow is not None:
                opacity = np.zeros(layer.canvas_hw, np.float32)
                opacity[seen.region] = seen.opacity
                canvas *= layer.shadow.light(opacity)[..., None]
            place_in_frame += seen.opacity[..., None] * (seen.picture - place_in_frame)
            if place == annotated:
                mask[seen.region], full_area = seen.labels, layer.full_area(time)
            elif place > annotated:
                mask[seen.region][seen.opacity > 0.5] = 0
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
