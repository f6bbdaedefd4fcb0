"""Jointed figures: shaded cut-out parts that turn about their joints.

A picture with transparency is [H, W, 4] float32: RGB 0..255, already multiplied by alpha, and alpha 0..1.
Affine maps are [3, 3] float64 and act on column vectors (x, y, 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LIGHT = np.array([-0.45, -0.65, 0.61], np.float32)
"""The direction towards the light, which shines from the upper left in front."""


@dataclass(frozen=True)
class Part:
    """One cut-out of a figure."""

    picture: np.ndarray
    """[H, W, 4] float32, RGB multiplied by alpha."""
    pivot: tuple[float, float]
    """The joint (x, y) about which the part turns, in its own pixels."""


def points(text: str) -> np.ndarray:
    """Read points written as "x,y x,y ..." into [N, 2] float64."""
    return np.array([pair.split(",") for pair in text.split()], dtype=np.float64)


def spline(control: np.ndarray, samples: int = 10) -> np.ndarray:
    """A smooth closed curve (a Catmull-Rom spline) through the control points.

    Args:
        control: [N, 2] (x, y).
        samples: number of points of the curve per control point.

    Returns:
        [N * samples, 2] float64.
    """
    control = np.asarray(control, np.float64)
    before, after, beyond = (np.roll(control, shift, axis=0)[:, None] for shift in (1, -1, -2))
    here = control[:, None]
    t = (np.arange(samples) / samples)[None, :, None]
    curve = here + 0.5 * t * (
        after - before + t * (2 * before - 5 * here + 4 * after - beyond + t * (3 * (here - after) + beyond - before))
    )
    return curve.reshape(-1, 2)


def fill(curve: np.ndarray, height: int, width: int) -> np.ndarray:
    """The coverage [H, W] float32, 0..1 with soft edges, of the area inside a closed curve."""
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.round(curve * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return canvas.astype(np.float32) / 255


def shade(alpha: np.ndarray, gloss: float) -> tuple[np.ndarray, np.ndarray]:
    """The light on a shape that bulges like a cushion.

    Args:
        alpha: [H, W] coverage.
        gloss: strength of the highlight, 0..1.

    Returns:
        (factor, highlight), [H, W] float32 each; the lit picture is colour * factor + 255 * highlight.
    """
    distance = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    reach = max(float(distance.max()), 1.0)
    depth = np.sqrt(np.clip(1 - (1 - distance / reach) ** 2, 0, 1)) * reach
    depth = cv2.GaussianBlur(depth, (0, 0), max(1.0, reach / 8))
    normal = np.dstack([-cv2.Sobel(depth, -1, 1, 0), -cv2.Sobel(depth, -1, 0, 1), np.full_like(depth, 8.0)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    lambert = np.clip(normal @ LIGHT, 0, 1)
    half = LIGHT + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    return 0.42 + 0.78 * lambert, gloss * np.clip(normal @ half, 0, 1) ** 24


def make_part(
    outline: np.ndarray, colour: np.ndarray, pivot: tuple[float, float], gloss: float = 0.1, smooth: bool = True
) -> Part:
    """Cut a shaded part out of a surface.

    Args:
        outline: [N, 2] (x, y) in pixels, with any origin.
        colour: [H, W, 3] float32, the surface; it is repeated if the outline is larger.
        pivot: the joint (x, y), in the outline's coordinates.
        gloss: strength of the highlight, 0..1.
        smooth: whether the outline is a smooth curve through the points, or a polygon.
    """
    curve = spline(outline) if smooth else np.asarray(outline, np.float64)
    origin = np.floor(curve.min(axis=0)) - 4
    width, height = (np.ceil(curve.max(axis=0)) + 5 - origin).astype(int)
    alpha = fill(curve - origin, height, width)
    factor, highlight = shade(alpha, gloss)
    surface = colour[np.ix_(np.arange(height) % colour.shape[0], np.arange(width) % colour.shape[1])]
    rgb = np.clip(surface * factor[..., None] + 255 * highlight[..., None], 0, 255)
    picture = np.dstack([rgb * alpha[..., None], alpha]).astype(np.float32)
    return Part(picture, (pivot[0] - origin[0], pivot[1] - origin[1]))


def darker(part: Part, gain: float) -> Part:
    """A copy of the part whose colours are multiplied by `gain`."""
    return Part(part.picture * np.array([gain, gain, gain, 1], np.float32), part.pivot)


def rotation(degrees: float) -> np.ndarray:
    """[3, 3] rotation about the origin, clockwise on the screen, since y points down."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def translation(x: float, y: float) -> np.ndarray:
    """[3, 3] translation."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scaling(x: float, y: float) -> np.ndarray:
    """[3, 3] scaling; a negative factor mirrors."""
    return np.diag([x, y, 1.0])


def blend(canvas: np.ndarray, picture: np.ndarray) -> None:
    """Paint a picture with transparency over a canvas of the same shape, in place."""
    canvas *= 1 - picture[..., 3:]
    canvas += picture


def place(canvas: np.ndarray, part: Part, matrix: np.ndarray) -> None:
    """Draw a part on the canvas, in place.

    Args:
        canvas: [H, W, 4] float32.
        part: what to draw.
        matrix: [3, 3] affine map from the part's pixels, with its pivot as origin, to canvas pixels.
    """
    full = matrix @ translation(-part.pivot[0], -part.pivot[1])
    height, width = part.picture.shape[:2]
    corners = full[:2] @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    low = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(axis=1)).astype(int) + 2, (canvas.shape[1], canvas.shape[0]))
    if (high <= low).any():
        return
    local = translation(-low[0], -low[1]) @ full
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    picture = cv2.warpAffine(part.picture, local[:2], size, flags=cv2.INTER_LINEAR)
    blend(canvas[low[1] : high[1], low[0] : high[0]], picture)
