"""Stills with masks drawn on the machine, to train with where there are no photographs."""

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
"""A painted place serves for this many stills, each seen from elsewhere; painting takes most of the time."""

STILL_SIZE = (288, 384)
MIN_VISIBLE_PIXELS = 150
"""Smaller remains of an occluded figure become ignore pixels in the stills."""


def write_demo_stills(folder: str | Path, count: int, seed: int = 0) -> None:
    """Draw pictures with id masks, to train with where there are no photographs.

    `<folder>/%05d.jpg` and `%05d.png`: palette PNG, 0 background, 1..n figures, 255 undecided.

    Args:
        folder: where to.
        count: number of pictures.
        seed: other seeds draw other pictures.

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
    """One to five figures of any kind anywhere in a place, some behind something.

    Args:
        rng: random generator.
        place: name of the place in `BACKGROUNDS`.
        background: [H, W, 3] float32, the painted place.

    Returns:
        A scene of `STILL_SIZE`; ids 1..n from back to front.
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
    """Move sideways at a steady pace around the pose of time 0."""
    return lambda t: Pose(
        pose.x + speed * (t % 1), pose.ground, pose.scale, pose.angle, pose.mirror, pose.phase, pose.lift
    )


def _tidy(labels: np.ndarray) -> np.ndarray:
    """Number the visible figures 1..n without gaps; remains too small to learn from become 255."""
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
