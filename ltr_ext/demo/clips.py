"""The clips of the demo data set: five small scenes, each with something that makes tracking hard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ltr_ext.demo.backgrounds import bush, pole, weed
from ltr_ext.demo.creatures import Animal, Fish, Person
from ltr_ext.demo.scenes import Actor, Pose, Prop, Scene, make_background
from ltr_ext.demo.things import Ball, Car


def dog(rng: np.random.Generator, size: tuple[int, int], frames: int) -> Scene:
    """One animal walks behind a bush and a post, followed by the camera; another one crosses behind it."""
    height, width = size
    background = make_background(rng, "meadow", size)
    floor = height * 1.02
    animal, other = Animal(rng, 0.3 * width, "patches"), Animal(rng, 0.2 * width)

    def walk(t: float) -> Pose:
        return Pose(0.55 * width + 3.6 * t, floor, scale=1 + 0.002 * t, phase=0.33 * t)

    def cross(t: float) -> Pose:
        return Pose(1.25 * width - 3.0 * t, 0.86 * height, mirror=True, phase=0.4 * t)

    props = [
        Prop(bush(rng, int(0.17 * width)), 0.76 * width, height * 1.1),
        Prop(pole(rng, int(1.3 * height), 0.03 * width), 1.1 * width, height * 1.16),
    ]
    return Scene(
        size,
        background,
        [Actor(other, cross, 0), Actor(animal, walk, 1)],
        props,
        camera=lambda t: (0.62 * width + 3.3 * t, 0.68 * height + 4 * np.sin(0.5 * t), 1.0, 0.8 * np.sin(0.23 * t)),
    )


def balls(rng: np.random.Generator, size: tuple[int, int], frames: int) -> Scene:
    """Three balls roll and bounce across each other; a fourth lies still; the camera turns a little."""
    height, width = size
    background = make_background(rng, "room", size, wide=1.5)
    shapes = [Ball(rng, length * width) for length in (0.13, 0.18, 0.16, 0.14)]
    floors = [0.93 * height, 1.0 * height, 1.08 * height, 1.13 * height]

    def roll(index: int, start: float, speed: float, bounce: float) -> Callable[[float], Pose]:
        def motion(t: float) -> Pose:
            lift = bounce * height * abs(np.cos(0.16 * t + index)) * np.exp(-0.02 * t)
            turn = speed * t / (shapes[index].length / 2)
            return Pose(start * width + speed * t, floors[index], phase=turn, lift=lift)

        return motion

    actors = [
        Actor(shapes[0], roll(0, 1.12, 0.0, 0.0), 0),
        Actor(shapes[1], roll(1, 0.38, 0.0125 * width, 0.3), 1),
        Actor(shapes[2], roll(2, 1.12, -0.0145 * width, 0.42), 2),
        Actor(shapes[3], roll(3, 0.5, 0.005 * width, 0.0), 3),
    ]
    return Scene(
        size,
        background,
        actors,
        camera=lambda t: (0.75 * width + 0.3 * t, 0.74 * height, 1.0, 1.5 * np.sin(0.12 * t)),
        noise=4.0,
    )


def car(rng: np.random.Generator, size: tuple[int, int], frames: int) -> Scene:
    """A car drives past parked cars and behind trees, through light and shade, fast enough to blur."""
    height, width = size
    background = make_background(rng, "street", size, wide=2.6)
    driver = Car(rng, 0.3 * width)
    actors = [Actor(Car(rng, 0.25 * width), _parked(x * width, 0.8 * height), 0) for x in (0.35, 0.95, 1.5, 2.1)]
    walker = Person(rng, 0.075 * width)
    actors.append(Actor(walker, lambda t: Pose(1.2 * width + 1.2 * t, 0.84 * height, phase=0.3 * t), 0))
    actors.append(Actor(driver, lambda t: Pose(0.4 * width + 8.4 * t, 0.98 * height, phase=0.55 * t), 1))
    props = [Prop(pole(rng, int(1.2 * height), 0.028 * width), x * width, 1.14 * height) for x in (0.8, 1.18)]
    return Scene(
        size,
        background,
        actors,
        props,
        camera=lambda t: (0.55 * width + 7.6 * t, 0.72 * height + 2 * np.sin(0.9 * t), 1.0 + 0.003 * t, 0.0),
        light=lambda t: _tint(0.95 - 0.3 * np.exp(-(((t - 0.55 * frames) / 6) ** 2)), (1.0, 1.0, 1.0)),
    )


def fish(rng: np.random.Generator, size: tuple[int, int], frames: int) -> Scene:
    """Two fish swim among others of their kind and behind weeds."""
    height, width = size
    background = make_background(rng, "reef", size, wide=1.6)
    shoal = []
    for index in range(4):
        start, level = rng.uniform(0.4, 1.2) * width, rng.uniform(0.35, 0.6) * height
        shoal.append(Actor(Fish(rng, 0.1 * width, "bands"), _swim(start, level, -1.6, 0.5, index), 0))
    first, second = Fish(rng, 0.26 * width, "stripes"), Fish(rng, 0.2 * width, "patches")
    actors = [
        *shoal,
        Actor(second, _swim(1.1 * width, 0.72 * height, -0.0085 * width, 0.45, 2.0), 2),
        Actor(first, _swim(0.42 * width, 0.84 * height, 0.009 * width, 0.5, 0.0), 1),
    ]
    props = [Prop(weed(rng, int(h * height)), x * width, 1.2 * height) for x, h in ((0.72, 0.75), (0.95, 0.6))]
    return Scene(
        size,
        background,
        actors,
        props,
        camera=lambda t: (0.78 * width + 6 * np.sin(0.1 * t), 0.72 * height, 1.02 + 0.02 * np.sin(0.15 * t), 0.0),
        light=lambda t: _tint(0.95 + 0.06 * np.sin(0.8 * t), (0.86, 1.0, 1.05)),
    )


def herd(rng: np.random.Generator, size: tuple[int, int], frames: int) -> Scene:
    """Two spotted animals of one kind and a person pass each other while the camera draws nearer."""
    height, width = size
    background = make_background(rng, "yard", size)
    keeper = Person(rng, 0.14 * width)
    cows = [
        Animal(rng, 0.27 * width, "patches"),
        Animal(rng, 0.24 * width, "patches"),
        Animal(rng, 0.2 * width, "patches"),
    ]
    actors = [
        Actor(cows[2], lambda t: Pose(1.3 * width - 0.4 * t, 0.84 * height, mirror=True, phase=0.1 * t), 0),
        Actor(cows[1], lambda t: Pose(1.2 * width - 2.6 * t, 0.94 * height, mirror=True, phase=0.3 * t), 2),
        Actor(keeper, lambda t: Pose(1.12 * width - 1.4 * t, 1.0 * height, mirror=True, phase=0.28 * t), 3),
        Actor(cows[0], lambda t: Pose(0.72 * width + 2.6 * t, 1.06 * height, phase=0.3 * t), 1),
    ]
    return Scene(
        size,
        background,
        actors,
        camera=lambda t: (1.0 * width, 0.76 * height, 0.92 + 0.006 * t, 0.6 * np.sin(0.2 * t)),
        light=lambda t: _tint(0.8 + 0.008 * t, (1.04, 1.0, 0.94)),
    )


CLIPS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int], int], Scene], tuple[int, int]]] = {
    "dog": (dog, (270, 480)),
    "balls": (balls, (270, 480)),
    "car": (car, (270, 480)),
    "fish": (fish, (360, 640)),
    "herd": (herd, (270, 480)),
}
"""The scene builder and the (height, width) of each sequence, by name."""


def _parked(x: float, ground: float) -> Callable[[float], Pose]:
    return lambda t: Pose(x, ground)


def _swim(x: float, y: float, speed: float, rhythm: float, lag: float) -> Callable[[float], Pose]:
    """Swim level with a slow rise and fall, looking in the direction of motion."""

    def motion(t: float) -> Pose:
        rise = 9 * np.sin(0.13 * t + lag)
        tilt = 6 * np.cos(0.13 * t + lag) * (1 if speed > 0 else -1)
        return Pose(x + speed * t, y + rise, angle=tilt, mirror=speed < 0, phase=rhythm * t + lag)

    return motion


def _tint(gain: float, colour: tuple[float, float, float]) -> tuple[float, float, float]:
    return gain * colour[0], gain * colour[1], gain * colour[2]
