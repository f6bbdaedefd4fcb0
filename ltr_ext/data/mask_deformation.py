"""Deforms true masks into plausible masks of the preceding frame (Perazzi et al., CVPR 2017, sections 3.1 and 4).

The dilation that follows in the paper is done by the network (`CueConfig.dilation`), so that training and tracking
cannot differ in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.synthetic.warps import Bend, affine, bend_field, sampling_map

CONTROL_POINTS = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])
"""[5, 2] (x, y) in units of the object's box. They are fixed, since random points are sometimes so close to each other
that the spline tears."""


@dataclass(frozen=True, kw_only=True)
class DeformConfig:
    """The limits of the deformation, by default the paper's. Lengths are fractions of the box's width and height."""

    scale: float = 0.05
    """Largest relative change of size."""
    shift: float = 0.1
    """Largest displacement of the object, per axis."""
    bend: float = 0.1
    """Largest displacement of a control point of the thin-plate spline, per axis."""


def deform_mask(rng: np.random.Generator, mask: np.ndarray, config: DeformConfig) -> np.ndarray:
    """Scale, shift and bend the object in a mask.

    Args:
        rng: random generator, the only source of randomness.
        mask: [H, W] uint8, 0 or 1.
        config: the limits of the deformation.

    Returns:
        [H, W] uint8, 0 or 1; an empty mask stays empty.
    """
    box = mask_to_box(mask > 0)
    if box is None:
        return mask.copy()
    x, y, w, h = box
    # The layer is the object's box with a margin, so that parts that are bent out of the box are not cut off.
    left, top, right, bottom = int(x - w / 2), int(y - h / 2), int(x + 1.5 * w) + 1, int(y + 1.5 * h) + 1
    inside = mask[max(top, 0) : bottom, max(left, 0) : right]
    layer = np.zeros((bottom - top, right - left), np.uint8)
    row, column = max(-top, 0), max(-left, 0)
    layer[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    sides = np.array([w, h])
    layer_sides = np.array(layer.shape[::-1])
    shift = rng.uniform(-config.shift, config.shift, 2) * sides
    matrix = affine(
        centre=(x + w / 2 - left, y + h / 2 - top), to=(x + w / 2 + shift[0], y + h / 2 + shift[1]),
        zoom=1 + rng.uniform(-config.scale, config.scale), angle=0.0, shear=0.0, mirror=False,
    )  # fmt: skip
    points = (np.array([x - left, y - top]) + CONTROL_POINTS * sides) / layer_sides
    bend = Bend(points, rng.uniform(-config.bend, config.bend, points.shape) * sides / layer_sides)
    # `affine` maps the layer to the image; the object's centre goes to its old position plus the shift.
    field = bend_field(bend) if config.bend else None
    maps = sampling_map(matrix, field, (layer.shape[0], layer.shape[1]), (mask.shape[0], mask.shape[1]))
    return cv2.remap(layer, *maps, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
