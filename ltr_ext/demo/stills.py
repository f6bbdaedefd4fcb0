"""Draws stills with masks, to train with if there are no photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, write_jpeg, write_mask
from ltr_ext.demo.backgrounds import BACKGROUNDS
from ltr_ext.demo.registry import FIGURES
from ltr_ext.demo.scenes import Actor, Pose, Scene, make_background, random_prop, render
from ltr_ext.output import OutputFolder
from ltr_ext.progress import Progress

STILLS_PER_PLACE = 10
"""A painted place is used for this many stills, each with another camera, since painting takes most of the time."""

STILL_SIZE = (288, 384)
MIN_VISIBLE_PIXELS = 150
"""If fewer pixels of a figure are visible, they become undecided (255) in the stills."""


def write_demo_stills(folder: str | Path, count: int, seed: int = 0) -> None:
    """Draw pictures with id masks, to train with if there are no photographs.

    They are `<folder>/%05d.jpg` and `<folder>/%05d.png`, a palette PNG: 0 background, 1..n figures, 255 undecided.

    Args:
        folder: the output folder.
        count: number of pictures.
        seed: seed of the random generator.

    Raises:
        UserError: the folder cannot be written.
    """
    with OutputFolder(folder) as work:
        for number in Progress(range(count), desc="drawing stills"):
            group, index = divmod(number, STILLS_PER_PLACE)
            rng = np.random.default_rng([seed, group, index])
            if index == 0:
                place = list(BACKGROUNDS)[group % len(BACKGROUNDS)]
                background = make_background(rng, place, STILL_SIZE)
            image, labels = render(random_scene(rng, place, background), float(rng.uniform(0, 30)), rng)
            write_jpeg(work / f"{number:05d}.jpg", image, int(rng.integers(75, 93)))
            write_mask(work / f"{number:05d}.png", _tidy(labels))


def random_scene(rng: np.random.Generator, place: str, background: np.ndarray) -> Scene:
    """Draw a scene of one to five figures in a place; half of the scenes have a prop in front of them.

    Args:
        rng: random generator.
        place: name of the place in `BACKGROUNDS`.
        background: [H, W, 3] float32 RGB, the painted place.

    Returns:
        A scene of `STILL_SIZE` with object ids 1..n from back to front.
    """
    height, width = STILL_SIZE
    zoom = float(rng.uniform(0.85, 1.5))
    half = width / 2 / zoom
    centre = float(rng.uniform(half, max(half + 1, background.shape[1] - half)))
    kinds = ["fish", "fish", "toy"] if place == "reef" else ["animal", "animal", "person", "car", "ball", "toy"]
    actors = []
    grounds = np.sort(rng.uniform(0.6, 1.1, int(rng.integers(1, 6)))) * height
    for object_id, ground in enumerate(grounds.tolist(), 1):
        kind = str(rng.choice(kinds))
        size = float(np.exp(rng.uniform(np.log(0.12), np.log(0.5)))) * width / zoom * (0.5 if kind == "person" else 1.0)
        figure = FIGURES[kind](rng, size)
        speed = float(rng.normal(0, 2.5))
        pose = Pose(
            centre + float(rng.uniform(-0.9, 0.9)) * half,
            ground,
            angle=float(rng.normal(0, 6)),
            mirror=bool(rng.random() < 0.5),
            phase=float(rng.uniform(0, 2 * np.pi)),
            lift=float(rng.uniform(0, 60)) if kind == "ball" else 0.0,
        )
        actors.append(Actor(figure, _drift(pose, speed), object_id))
    props = []
    if rng.random() < 0.5:
        x, size = centre + float(rng.uniform(-0.8, 0.8)) * half, float(rng.uniform(0.1, 0.3)) * width
        props.append(random_prop(rng, place, x, height * 1.15, size))
    gain = rng.uniform(0.65, 1.2) * rng.normal(1, 0.06, 3)
    roll = float(rng.normal(0, 3))
    return Scene(
        STILL_SIZE,
        background,
        actors,
        props,
        camera=lambda t: (centre, 0.65 * height, zoom, roll),
        light=lambda t: (float(gain[0]), float(gain[1]), float(gain[2])),
        noise=float(rng.uniform(1, 6)),
    )


def _drift(pose: Pose, speed: float) -> Callable[[float], Pose]:
    """Move sideways at a steady speed from the pose at time 0; the motion starts again at every whole frame."""
    return lambda t: Pose(
        pose.x + speed * (t % 1), pose.ground, pose.scale, pose.angle, pose.mirror, pose.phase, pose.lift
    )


def _tidy(labels: np.ndarray) -> np.ndarray:
    """Number the visible figures 1..n without gaps; figures that are too small to learn from become 255."""
    tidy = np.zeros_like(labels)
    next_id = 1
    for object_id in np.unique(labels[labels > 0]).tolist():
        mask = labels == object_id
        if np.count_nonzero(mask) < MIN_VISIBLE_PIXELS:
            tidy[mask] = IGNORE_LABEL
        else:
            tidy[mask] = next_id
            next_id += 1
    return tidy
