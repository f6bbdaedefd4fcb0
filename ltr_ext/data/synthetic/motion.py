"""The motion of a layer of a synthetic clip: its own, or that of the camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ltr_ext.data.synthetic.warps import Bend, random_bend


@dataclass(frozen=True)
class Motion:
    """How a layer changes over the clip; time runs from 0 to 1."""

    travel: np.ndarray
    """[2] displacement (x, y) from time 0 to 1, in units of the layer's size."""
    wobble: np.ndarray
    """[2, 2] amplitudes (x, y), in the same unit, and phases (x, y) of an oscillation that is added."""
    growth: float
    """Logarithm of the zoom from time 0 to 1."""
    turn: float
    """Angle of rotation from time 0 to 1, in radians."""
    tilt: float
    """Angle at half time, in radians."""
    shear: float
    """Shear at time 1."""
    start: Bend
    """Bend at time 0."""
    end: Bend
    """Bend at time 1."""
    mirror: bool
    """Whether the layer is flipped left-right."""


def draw_motion(rng: np.random.Generator, *, travel: float, bend: float, growth: float, turn: float) -> Motion:
    """Draw a motion; all arguments except `rng` are standard deviations of the change over the clip."""
    start = random_bend(rng, bend)
    return Motion(
        travel=rng.normal(0, travel, 2),
        wobble=np.stack([rng.normal(0, 0.2 * travel, 2), rng.uniform(0, 2 * np.pi, 2)]),
        growth=rng.normal(0, growth),
        turn=rng.normal(0, turn),
        tilt=rng.normal(0, turn),
        shear=rng.normal(0, 0.05),
        start=start,
        end=random_bend(rng, bend, start.points),
        mirror=bool(rng.random() < 0.5),
    )


def moving_along(
    rng: np.random.Generator, leader: Motion, leader_size: float, size: float, depth: tuple[float, float]
) -> Motion:
    """The motion of something that stands still in a scene while the camera moves.

    Args:
        rng: random generator.
        leader: motion of the scene.
        leader_size: unit of the scene's `travel`, in canvas pixels.
        size: unit of the thing's `travel`, in canvas pixels.
        depth: range of the thing's speed relative to that of the scene; nearer things pass faster (parallax).
    """
    factor = rng.uniform(*depth) * leader_size / size
    return replace(
        leader,
        travel=leader.travel * factor,
        wobble=np.stack([leader.wobble[0] * factor, leader.wobble[1]]),
        tilt=leader.tilt + rng.normal(0, 0.1),
        mirror=bool(rng.random() < 0.5),
    )
