"""The kinds of figures by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tracker_ext.evaluation.demo.creatures import Animal, Fish, Person
from tracker_ext.evaluation.demo.figures import Figure
from tracker_ext.evaluation.demo.things import Ball, Car, Toy

FIGURES: dict[str, Callable[[np.random.Generator, float], Figure]] = {
    "animal": Animal,
    "person": Person,
    "fish": Fish,
    "car": Car,
    "ball": Ball,
    "toy": Toy,
}
"""Each is built from (generator, length in pixels)."""
