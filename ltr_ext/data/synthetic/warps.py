"""Smooth warps for synthetic video: affine maps and thin-plate splines (Perazzi et al., CVPR 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

FIELD_GRID = 16
"""Thin-plate splines are smooth, so they are evaluated on a grid of this many points per side and interpolated."""


@dataclass(frozen=True)
class Bend:
    """A thin-plate spline as control points in the unit square and their displacements."""

    points: np.ndarray
    """[P, 2] (x, y), in 0..1 over the layer."""
    displacements: np.ndarray
    """[P, 2] (x, y), in the same unit."""

    def mix(self, other: Bend, share: float) -> Bend:
        """Interpolate linearly to another bend with the same control points; `share` 1 gives the other bend."""
        return Bend(self.points, (1 - share) * self.displacements + share * other.displacements)


def random_bend(rng: np.random.Generator, strength: float, points: np.ndarray | None = None) -> Bend:
    """Draw a bend with five control points.

    Args:
        rng: random generator.
        strength: standard deviation of the displacements, as a share of the layer's width or height.
        points: [5, 2] control points to reuse, or None to draw them.
    """
    if points is None:
        points = rng.uniform(0.05, 0.95, (5, 2))
    return Bend(points, rng.normal(0.0, strength, points.shape))


def bend_field(bend: Bend) -> np.ndarray:
    """Evaluate a bend.

    Returns:
        [FIELD_GRID, FIELD_GRID, 2] float32 displacements (x, y), as shares of the layer, on a regular grid over it.
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
    """The affine map that rotates, zooms and shears about `centre` and moves that point to `to`.

    Args:
        centre: point (x, y) of the layer, in layer pixels.
        to: the point (x, y) of the canvas where it is moved, in canvas pixels.
        zoom: canvas pixels per layer pixel.
        angle: in radians.
        shear: horizontal shear factor.
        mirror: whether the layer is flipped left-right first.

    Returns:
        [2, 3] float64, from layer to canvas pixels.
    """
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = zoom * np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1.0, shear], [0.0, 1.0]])
    if mirror:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.column_stack([linear, np.array(to) - linear @ np.array(centre)])


Region = tuple[slice, slice]
"""Rows and columns of a canvas."""


def sampling_map(
    matrix: np.ndarray,
    field: np.ndarray | None,
    layer_hw: tuple[int, int],
    out_hw: tuple[int, int],
    region: Region = (slice(None), slice(None)),
) -> tuple[np.ndarray, np.ndarray]:
    """The position in the layer from which each canvas pixel is sampled.

    Args:
        matrix: [2, 3] from layer to canvas pixels, in continuous coordinates with pixel edges at integers.
        field: the result of `bend_field`, or None.
        layer_hw: (height, width) of the layer.
        out_hw: (height, width) of the canvas.
        region: the part of the canvas for which positions are computed.

    Returns:
        x and y, [H, W] float32 each, for the region's pixels, in the coordinates of `cv2.remap`, where pixel centres
        lie at integers.
    """
    inverse = cv2.invertAffineTransform(matrix)
    height, width = out_hw
    rows, columns = region
    xs = (np.arange(width, dtype=np.float32) + 0.5)[columns]
    ys = (np.arange(height, dtype=np.float32) + 0.5)[rows]
    planes = []
    for row in inverse.astype(np.float32):
        planes.append(np.add.outer(row[1] * ys, row[0] * xs + (row[2] - np.float32(0.5))))
    if field is not None:
        # The field is defined on the layer, so it is looked up at the position that the affine map alone gives. It is
        # smooth, so a coarse sampling of the canvas is enough.
        coarse = (max(height // 8, 2), max(width // 8, 2))
        cx = (np.arange(coarse[1], dtype=np.float32) + 0.5) * (width / coarse[1])
        cy = (np.arange(coarse[0], dtype=np.float32) + 0.5) * (height / coarse[0])
        at_x, at_y = (
            np.add.outer(row[1] * cy, row[0] * cx + row[2]).astype(np.float32) * np.float32(FIELD_GRID / side)
            - np.float32(0.5)
            for row, side in zip(inverse, layer_hw[::-1], strict=True)
        )
        moved = cv2.remap(field, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for axis, side in enumerate(layer_hw[::-1]):
            plane = cv2.resize(moved[..., axis] * np.float32(side), (width, height), interpolation=cv2.INTER_LINEAR)
            planes[axis] += plane[rows, columns]
    return planes[0], planes[1]


def _radial(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r^2 log r of the distances r between points a [N, 2] and b [M, 2]: [N, M]."""
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-12))
