"""Synthetic video, made of still photographs.

There are two kinds of clips. In a *whole* clip, the photograph is warped from frame to frame, object and surroundings
together (Perazzi et al., CVPR 2017). In a *cut* clip, the object is cut out and moved over its own photograph, whose
hole is filled, or over another one, among distractors and behind occluders that have motions of their own. Cut clips
thus contain the cue that box2mask uses, the motion of the object against its background. All random numbers come from
the given generator, so that a clip is a function of the seed.
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
    """Share of whole clips; the others are cut clips."""
    own_background_share: float = 0.5
    """Share of cut clips in which the object moves over its own photograph."""
    max_distractors: int = 3
    """Largest number of other objects in a cut clip."""
    occluder_share: float = 0.4
    """Probability that a distractor passes in front of the object."""
    part_share: float = 0.3
    """Share of cut objects to which another object is attached; both move together, and both are the object."""
    line_share: float = 0.12
    """Share of cut objects to which thin lines are attached."""
    shadow_share: float = 0.3
    """Share of cut objects that cast a soft shadow, which is background but moves with the object."""
    line_reach: tuple[float, float] = (0.4, 1.8)
    """Smallest and largest length of such lines, in units of the object's size."""
    thinnest_line: int = 1
    """Smallest width of such a line, in pixels of the photograph."""
    hole_share: float = 0.0
    """Share of cut objects with holes, through which the layers behind show."""
    crowd_share: float = 0.0
    """Share of cut clips with a crowd, mostly of the object's kind, that moves with the background."""
    still_share: float = 0.0
    """Probability that a distractor stands still in the scene, nearer or farther than the background (parallax)."""
    bar_share: float = 0.0
    """Share of cut clips with poles, a fence or a branch in front of the object."""
    blur_share: float = 0.0
    """Share of clips with motion blur."""
    harmony: float = 0.6
    """How far the colours of a cut object move at most towards those of another photograph; 1 is all the way."""
    object_share: tuple[float, float] = (0.15, 0.6)
    """Smallest and largest size of the object in a cut clip: square root of its area over the canvas side."""
    speed: float = 0.9
    """Standard deviation of the object's path through the clip, in units of its size."""
    min_visible: float = 0.3
    """Smallest share of the object that must be visible in each frame."""
    min_share: float = 0.004
    """Area of the smallest object used, as a share of its photograph."""
    max_share: float = 0.7
    """Area of the largest object used, as a share of its photograph."""


@dataclass(frozen=True)
class Clip:
    """A rendered clip with one annotated object."""

    frames: list[np.ndarray]
    """T frames [H, W, 3] uint8 RGB."""
    masks: list[np.ndarray]
    """T masks [H, W] uint8: 1 object, 0 background, 255 undecided."""
    name: str
    """The photograph and the object from which it was made."""


def render_clip(
    rng: np.random.Generator,
    num_frames: int,
    stills: StillCollection,
    backgrounds: tuple[Path, ...],
    config: SyntheticConfig,
) -> Clip:
    """Render a clip in which the object is visible in every frame.

    Args:
        rng: random generator, the only source of randomness.
        num_frames: number T of frames.
        stills: photographs with objects.
        backgrounds: photographs without masks, for backgrounds; other stills are used as well.
        config: what clips look like.

    Raises:
        ValueError: 20 attempts gave no such clip.
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
    """The whole photograph as one layer that fills the canvas."""
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
    """The layers of a cut clip from back to front, and the index of the object among them."""
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
    """The source of the other objects of a clip."""

    image: np.ndarray
    labels: np.ndarray
    chosen: int
    source: str
    stills: StillCollection
    config: SyntheticConfig

    def draw(self, rng: np.random.Generator, alike: float = 0.65) -> tuple[np.ndarray, np.ndarray] | None:
        """Draw an object from the same photograph, from another one of the same source, or from any photograph.

        Args:
            rng: random generator.
            alike: probability of one of the first two cases. That of the first is 0.3, if the photograph shows another
                object at all.

        Returns:
            (picture [H, W, 3] uint8 RGB, mask [H, W] bool), or None if the drawn photograph has no suitable object.
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
    """Draw an event of this probability; 0 draws no number, so that older recipes still give the same clips."""
    return share > 0 and bool(rng.random() < share)


def _harmonise(picture: np.ndarray, mask: np.ndarray, scene: np.ndarray, strength: float) -> np.ndarray:
    """Scale the colours of a picture so that the object's mean moves towards the scene's; `strength` is 0 to 1."""
    ratio = (scene.mean(axis=(0, 1)) + 8.0) / (picture[mask].mean(axis=0) + 8.0)
    return np.clip(picture * np.clip(ratio, 0.4, 2.5) ** strength, 0, 255).astype(np.uint8)


def _render(
    rng: np.random.Generator, layers: list[Layer], annotated: int, num_frames: int, config: SyntheticConfig, name: str
) -> Clip | None:
    """Render all frames; None if the object is hidden in one of them."""
    # One time in each T-th of the clip, so that frames may be close or far apart, but span the motion together.
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
    """The (height, width) with the aspect ratio of the picture and this longer side, at least 64 pixels each."""
    factor = side / max(image_hw)
    return max(round(image_hw[0] * factor), 64), max(round(image_hw[1] * factor), 64)
