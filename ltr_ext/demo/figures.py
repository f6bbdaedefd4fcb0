"""The base class of figures, and their colours.

A figure has its own coordinate frame: x to the right (the direction in which it looks), y down, the origin at its
centre, in pixels at scale 1. `draw` paints it on a canvas [H, W, 4] float32 (RGB multiplied by alpha, see `sprites`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ltr_ext.demo import textures


class Figure(ABC):
    """Something that can be drawn in a pose.

    Attributes:
        length: extent along x, in pixels at scale 1.
        ground: y of its lowest point at rest, where it touches the ground.
        casts_shadow: whether it stands on the ground and casts a shadow there.
    """

    length: float
    ground: float
    casts_shadow: bool = True

    @abstractmethod
    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        """Draw the figure, in place.

        Args:
            canvas: [H, W, 4] float32.
            matrix: [3, 3] affine map from the figure's frame to canvas pixels.
            phase: phase of its inner motion (steps, wheels, waves), in radians.
        """


def two_colours(rng: np.random.Generator, vivid: float) -> tuple[textures.Colour, textures.Colour]:
    """Draw two different colours; `vivid` is the probability of paint rather than fur."""
    fur = [(150, 104, 62), (92, 66, 46), (196, 168, 126), (60, 52, 48), (214, 204, 190), (128, 120, 112), (172, 92, 48)]
    paint = [
        (196, 40, 36),
        (36, 82, 176),
        (238, 190, 40),
        (52, 140, 76),
        (232, 232, 228),
        (220, 110, 30),
        (96, 50, 130),
    ]
    first, second = rng.choice(len(fur), 2, replace=False)
    table = paint if rng.random() < vivid else fur
    noisy = [np.clip(table[index] + rng.normal(0, 9, 3), 10, 245).tolist() for index in (first, second)]
    return tuple(noisy[0]), tuple(noisy[1])
