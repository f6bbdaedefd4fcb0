"""Scenery of a clip: crowds that do not move, thin things in front of the object, and holes in the object.

In all of these cases a single frame is misleading. A crowd of the object's own kind differs from the object only by its
motion. A pole in front of the object lies inside its box but is not the object, and neither is the background that
shows through a hole.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box


def plant_crowd(
    rng: np.random.Generator, scene: np.ndarray, things: Iterable[tuple[np.ndarray, np.ndarray]], size: float
) -> np.ndarray:
    """Paint things into a photograph, with which they move from then on.

    Args:
        rng: random generator.
        scene: [H, W, 3] uint8 RGB.
        things: a pair (picture [h, w, 3] uint8 RGB, mask [h, w] bool, not empty) of each thing.
        size: typical square root of a thing's area, in pixels of the scene; each thing gets 0.6 to 1.3 times as much.

    Returns:
        A new picture [H, W, 3] uint8 RGB.
    """
    crowded = scene.astype(np.float32)
    height, width = scene.shape[:2]
    for picture, mask in things:
        zoom = size * rng.uniform(0.6, 1.3) / np.sqrt(mask.sum())
        box = mask_to_box(mask)
        assert box is not None
        place = np.array([rng.uniform(0.02, 0.98) * width, rng.uniform(0.15, 0.95) * height])
        matrix = np.array([[zoom, 0, 0], [0, zoom, 0]])
        matrix[:, 2] = place - zoom * (box[:2] + box[2:] / 2)
        opacity = cv2.warpAffine(mask.astype(np.float32), matrix, (width, height))
        opacity = cv2.GaussianBlur(opacity, (0, 0), 0.7)[..., None]
        crowded += opacity * (cv2.warpAffine(picture, matrix, (width, height)) - crowded)
    return np.clip(crowded, 0, 255).astype(np.uint8)


def draw_bars(rng: np.random.Generator, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw poles, a fence or a branch that is to stand in front of an object.

    Args:
        rng: random generator.
        size: size of the object, in pixels.

    Returns:
        (picture [S, S, 3] uint8 RGB, mask [S, S] bool, not empty), where S is three times the object's size plus 8.
    """
    side = int(3 * size) + 8
    mask = np.zeros((side, side), np.uint8)
    kind = rng.choice(["poles", "fence", "branch"])
    if kind == "poles":
        for _ in range(rng.integers(1, 4)):
            mask |= _bar(side, rng.uniform(0.2, 0.8), rng.normal(0, 0.06), size * rng.uniform(0.03, 0.16))
    elif kind == "fence":
        pitch, thickness = rng.uniform(0.12, 0.4) * size / side, size * rng.uniform(0.012, 0.05)
        slant = rng.choice([0.0, 0.5]) + rng.normal(0, 0.1)
        across = pitch * rng.choice([1.0, 3.0])
        for place in np.arange(-0.6, 1.6, pitch):
            mask |= _bar(side, place, slant, thickness)
        for place in np.arange(-0.6, 1.6, across):
            mask |= _bar(side, place, -slant, thickness).T
    else:
        start = np.array([rng.uniform(0, 1), 0.0]) * side
        _branch(rng, mask, start, rng.uniform(0.8, 2.3), 0.9 * side, size * rng.uniform(0.02, 0.07), 3)
    if not mask.any():
        mask[:, side // 2] = 1
    shade = cv2.resize(rng.uniform(0.6, 1.2, (12, 12)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    colour = rng.integers(10, 230) * rng.uniform(0.75, 1.0, 3)
    return np.clip(colour * shade[..., None], 0, 255).astype(np.uint8), mask > 0


def _bar(side: int, place: float, slant: float, thickness: float) -> np.ndarray:
    """[side, side] uint8 that is 1 on a line from top to bottom.

    Args:
        side: size of the picture, in pixels.
        place: x of the line's middle, in units of the side.
        slant: x of the line's lower end minus x of its upper end, in units of the side.
        thickness: in pixels; at least 2 pixels are drawn.
    """
    drawn = np.zeros((side, side), np.uint8)
    upper, lower = (round((place + lean) * side) for lean in (-slant / 2, slant / 2))
    cv2.line(drawn, (upper, 0), (lower, side), 1, max(round(thickness), 2))
    return drawn


def _branch(
    rng: np.random.Generator,
    mask: np.ndarray,
    start: np.ndarray,
    angle: float,
    length: float,
    thickness: float,
    depth: int,
) -> None:
    """Draw a crooked twig and, recursively to `depth`, twigs that grow on it, into a mask, in place.

    `angle` is in radians; `start` (x, y), `length` and `thickness` are in pixels.
    """
    steps = 6
    at = start
    for _ in range(steps):
        angle += rng.normal(0, 0.18)
        to = at + length / steps * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(np.round(point).astype(int).tolist()) for point in (at, to)]
        cv2.line(mask, ends[0], ends[1], 1, max(round(thickness), 2))
        if depth and rng.random() < 0.5:
            side = angle + rng.choice([-1, 1]) * rng.uniform(0.4, 1.0)
            _branch(rng, mask, to, side, 0.55 * length, 0.6 * thickness, depth - 1)
        at, thickness = to, 0.9 * thickness


def punch_holes(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """Cut holes into an object, a third of them with spokes; at least 0.6 of the object stays.

    Args:
        rng: random generator.
        mask: [H, W] bool, the object; not empty.

    Returns:
        The new mask [H, W] bool.
    """
    size = np.sqrt(mask.sum())
    rows, columns = np.nonzero(mask)
    for _ in range(rng.integers(1, 4)):
        index = rng.integers(len(rows))
        centre = (int(columns[index]), int(rows[index]))
        axes = [max(int(size * share), 2) for share in rng.uniform(0.06, 0.25, 2)]
        hole = np.zeros(mask.shape, np.uint8)
        cv2.ellipse(hole, centre, axes, rng.uniform(0, 180), 0, 360, 1, -1)
        if rng.random() < 1 / 3:
            reach = 1.1 * max(axes)
            for angle in np.arange(rng.uniform(0, 1), 2 * np.pi, rng.uniform(0.4, 1.2)):
                tip = (round(centre[0] + reach * np.cos(angle)), round(centre[1] + reach * np.sin(angle)))
                cv2.line(hole, centre, tip, 0, max(round(0.02 * size), 2))
        left = mask & (hole == 0)
        if left.sum() >= 0.6 * len(rows):
            mask = left
    return mask
