"""The kinds of figures by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ltr_ext.demo.creatures import Animal, Fish, Person
from ltr_ext.demo.figures import Figure
from ltr_ext.demo.things import Ball, Car, Toy

FIGURES: dict[str, Callable[[np.random.Generator, float], Figure]] = {
    "animal": Animal,
    "person": Person,
    "fish": Fish,
    "car": Car,
    "ball": Ball,
    "toy": Toy,
}
"""The classes of figures; the arguments of their constructors are (generator, length in pixels)."""
