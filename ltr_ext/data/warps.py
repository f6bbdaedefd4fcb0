"""Smooth maps of the plane for synthetic video: affine plus thin-plate spline (Perazzi et al., CVPR 2017, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

FIELD_GRID = 16
"""Thin-plate splines are smooth: they are evaluated on a grid this fine and enlarged."""


@dataclass(frozen=True)
class Bend:
    """A thin-plate spline as control points in the unit square and their displacements."""

    points: np.ndarray
    """[P, 2] (x, y) in 0..1 of the bent layer."""
    displacements: np.ndarray
    """[P, 2] in the same unit."""

    def mix(self, other: Bend, share: float) -> Bend:
        """The bend `share` of the way to another with the same control points."""
        return Bend(self.points, (1 - share) * self.displacements + share * other.displacements)


def random_bend(rng: np.random.Generator, strength: float, points: np.ndarray | None = None) -> Bend:
    """A bend of five control points.

    Args:
        rng: random generator.
        strength: standard deviation of the displacements, as a share of the layer.
        points: [5, 2] control points to reuse, or None to draw them.
    """
    if points is None:
        points = rng.uniform(0.05, 0.95, (5, 2))
    return Bend(points, rng.normal(0.0, strength, points.shape))


def bend_field(bend: Bend) -> np.ndarray:
    """Evaluate a bend.

    Returns:
        [FIELD_GRID, FIELD_GRID, 2] float32 displacement (x, y), in units of the layer, on a regular grid over it.
    """
    points = bend.points
    num_points = len(points)
    system = np.zeros((num_points + 3, num_points + 3))
    system[:num_points, :num_points] = _radial(points, points) + 1e-4 * np.eye(num_points)
    system[:num_points, num_points:] = np.column_stack([np.ones(num_points), points])
    system[num_points:, :num_points] = system[:num_points, num_points:].T
    coefficients = np.linalg.solve(system, np.vstack([bend.displacements, np.zeros((3, 2))]))
    line = (np.arange(FIELD_GRID) + 0.5) / FIELD_GRID
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    basis = np.hstack([_radial(grid, points), np.ones((len(grid), 1)), grid])
    return (basis @ coefficients).reshape(FIELD_GRID, FIELD_GRID, 2).astype(np.float32)


def affine(
    *, centre: tuple[float, float], to: tuple[float, float], zoom: float, angle: float, shear: float, mirror: bool
) -> np.ndarray:
    """Affine map that turns, zooms and shears about `centre` and moves it to `to`.

    Args:
        centre: fixed point in the layer, pixels (x, y).
        to: where it goes in the canvas, pixels (x, y).
        zoom: canvas pixels per layer pixel.
        angle: radians.
        shear: horizontal shear factor.
        mirror: flip the layer left-right first.

    Returns:
        [2, 3] float64, layer -> canvas.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = zoom * np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1.0, shear], [0.0, 1.0]])
    if mirror:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.column_stack([linear, np.array(to) - linear @ np.array(centre)])


def sampling_map(matrix: np.ndarray, field: np.ndarray | None, layer_hw: tuple[int, int], out_hw: tuple[int, int]) -> np.ndarray:
    """Where each canvas pixel comes from.

    Args:
        matrix: [2, 3] layer -> canvas, continuous coordinates with pixel edges at integers.
        field: from `bend_field`, in units of the layer, or None.
        layer_hw: size of the layer.
        out_hw: size of the canvas.

    Returns:
        [H, W, 2] float32 for `cv2.remap`: source pixel centres (x, y).
    """
    inverse = cv2.invertAffineTransform(matrix)
    xs = np.arange(out_hw[1], dtype=np.float32) + 0.5
    ys = np.arange(out_hw[0], dtype=np.float32)[:, None] + 0.5
    source = np.empty((*out_hw, 2), np.float32)
    for axis in (0, 1):
        source[..., axis] = inverse[axis, 0] * xs + inverse[axis, 1] * ys + inverse[axis, 2]
    if field is not None:
        # The field lives on the layer; look it up where the affine map alone would land.
        to_grid = np.array([FIELD_GRID / layer_hw[1], FIELD_GRID / layer_hw[0]], np.float32)
        moved = cv2.remap(field, source * to_grid - 0.5, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        source += moved * np.array([layer_hw[1], layer_hw[0]], np.float32)
    return source - 0.5


def _radial(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r^2 log r between all pairs of points."""
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-12))
