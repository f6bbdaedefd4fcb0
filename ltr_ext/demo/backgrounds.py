"""Places: wide painted backgrounds over which the camera moves, and things that stand in front of them.

A background is [H, W, 3] float32 RGB, 0..255, and larger than the frames that are cut from it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ltr_ext.demo import textures
from ltr_ext.demo.registry import FIGURES
from ltr_ext.demo.sprites import Part, make_part, place, scaling, translation


def meadow(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Sky or trees in the distance, a hedge, and grass."""
    horizon = int(height * rng.uniform(0.28, 0.42))
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:horizon] = textures.clouds(rng, horizon, width)
    for depth in range(3):
        crown = horizon * (0.35 + 0.25 * depth) + 0.4 * horizon * (textures.fractal(rng, 4, width, 90, 4)[0] - 0.5)
        trees = textures.leaves(rng, horizon, width, 1800) * (0.75 + 0.1 * depth) + (2 - depth) * 22
        below = np.arange(horizon)[:, None] > crown[None]
        soft = cv2.GaussianBlur(below.astype(np.float32), (0, 0), 1.2)[..., None]
        canvas[:horizon] = canvas[:horizon] * (1 - soft) + cv2.GaussianBlur(trees, (0, 0), 1.6 - 0.5 * depth) * soft
    canvas[horizon:] = textures.grass(rng, height - horizon, width, int(width * (height - horizon) / 22))
    canvas[horizon : horizon + 6] *= np.linspace(0.55, 1, 6)[:, None, None]
    return canvas


def room(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A wall (brick or plaster), a skirting board, a floor, and things standing about."""
    horizon = int(height * rng.uniform(0.4, 0.55))
    wall = textures.brick if rng.random() < 0.5 else textures.plaster
    floor = textures.planks(rng, height - horizon, width, int(rng.integers(22, 44)))
    canvas = np.concatenate([wall(rng, horizon, width), floor])
    canvas[horizon - 7 : horizon] = textures.planks(rng, 7, width, 20) * 0.7 + 60
    canvas[horizon : horizon + 12] *= np.linspace(0.5, 1, 12)[:, None, None]
    pictures = (textures.clouds, textures.leaves, textures.water)
    for _ in range(width // 180):
        x, side = int(rng.integers(0, width - 80)), int(rng.integers(34, 80))
        y = int(rng.uniform(0.05, 0.5) * horizon)
        picture = pictures[int(rng.integers(len(pictures)))](rng, side, side)
        canvas[y : y + side, x : x + side] = picture[: horizon - y - 8] if y + side > horizon - 8 else picture
        cv2.rectangle(canvas, (x, y), (x + side, min(y + side, horizon - 8)), (70, 50, 34), 3)
    return scatter(rng, canvas, ["toy", "toy", "ball"], width // 110, horizon)


def street(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """House fronts with windows, a pavement and a road with a broken line."""
    kerb, road = int(height * 0.5), int(height * 0.58)
    canvas = np.empty((height, width, 3), np.float32)
    x = 0
    while x < width:
        front = int(rng.integers(90, 200))
        house = (textures.brick if rng.random() < 0.6 else textures.plaster)(rng, kerb, front)
        storey, bay = int(rng.integers(38, 54)), int(rng.integers(28, 44))
        for top in range(8, kerb - 30, storey):
            for left in range(8, front - bay, bay + 8):
                glass = textures.clouds(rng, storey - 14, bay - 8) * rng.uniform(0.25, 0.6)
                house[top : top + storey - 14, left : left + bay - 8] = glass[: kerb - top]
                cv2.rectangle(house, (left, top), (left + bay - 9, top + storey - 15), (205, 200, 190), 1)
                cv2.line(
                    house, (left + bay // 2 - 4, top), (left + bay // 2 - 4, top + storey - 15), (205, 200, 190), 1
                )
        canvas[:kerb, x : x + front] = house[:, : width - x]
        x += front
    canvas[kerb:road] = textures.plaster(rng, road - kerb, width) * 0.4 + 88
    canvas[road:] = textures.asphalt(rng, height - road, width)
    canvas[road - 3 : road] = 78
    for left in range(0, width, 90):
        cv2.rectangle(canvas, (left, int(height * 0.82)), (left + 44, int(height * 0.82) + 3), (206, 204, 196), -1)
    return scatter(rng, canvas, ["person", "car"], width // 150, road - 4, spread=0.02)


def reef(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Under water: a stony ground, weeds and lumps of coral, bluer with distance."""
    horizon = int(height * 0.35)
    canvas = np.empty((height, width, 3), np.float32)
    canvas[:horizon] = cv2.GaussianBlur(textures.water(rng, horizon, width), (0, 0), 5) * 0.9
    canvas[horizon:] = textures.pebbles(rng, height - horizon, width, int(width * (height - horizon) / 90))
    blue = np.array((24, 88, 116), np.float32)
    haze = np.clip(np.linspace(1.1, 0.15, height), 0, 0.75)[:, None, None].astype(np.float32)
    canvas = canvas * (1 - haze) + blue * haze
    canvas = scatter(rng, canvas, ["toy"], width // 60, int(horizon * 0.9), spread=0.5)
    for _ in range(width // 45):
        part = weed(rng, int(rng.integers(40, 110)))
        base = (float(rng.uniform(0, width)), float(rng.uniform(horizon + 30, height)))
        stamp(canvas, part, base, gain=0.75)
    return canvas * (0.8 + 0.2 * blue / blue.max())


def yard(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Gravel in front of a board fence and bushes."""
    horizon = int(height * rng.uniform(0.36, 0.5))
    fence = np.ascontiguousarray(textures.planks(rng, width, horizon, 18).transpose(1, 0, 2)) * 0.85
    canvas = np.concatenate([fence, textures.pebbles(rng, height - horizon, width, int(width * height / 130))])
    for _ in range(width // 120):
        part = bush(rng, int(rng.integers(60, 140)))
        stamp(canvas, part, (float(rng.uniform(0, width)), horizon + 8.0), gain=0.9)
    return canvas


BACKGROUNDS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "meadow": meadow,
    "room": room,
    "street": street,
    "reef": reef,
    "yard": yard,
}
"""Painters of places by name; their arguments are (generator, height, width)."""


def bush(rng: np.random.Generator, width: int) -> Part:
    """Foliage with a ragged outline, standing on its pivot."""
    angles = np.linspace(0, 2 * np.pi, 22, endpoint=False)
    radii = rng.uniform(0.75, 1.15, 22)
    outline = np.stack([np.cos(angles) * width / 2, np.sin(angles) * width * 0.4 - width * 0.36], axis=1)
    outline = (outline - (0, -width * 0.36)) * radii[:, None] + (0, -width * 0.36)
    surface = textures.leaves(rng, int(width * 1.1), int(width * 1.3), width * 9)
    return make_part(outline, surface * 1.15, (0, 0), gloss=0.0)


def pole(rng: np.random.Generator, height: int, thickness: float) -> Part:
    """A trunk or post, standing on its pivot."""
    bark = np.ascontiguousarray(textures.planks(rng, int(thickness) + 12, height + 12, 200).transpose(1, 0, 2))
    half = thickness / 2
    outline = np.array(
        [
            (-half, 0),
            (-half * 0.9, -height / 2),
            (-half, -height),
            (half, -height),
            (half * 0.9, -height / 2),
            (half, 0),
        ]
    )
    return make_part(outline, bark * rng.uniform(0.6, 1.0), (0, 0), gloss=0.0, smooth=False)


def weed(rng: np.random.Generator, height: int) -> Part:
    """A bunch of long wavy leaves, standing on its pivot."""
    canvas = np.zeros((height + 10, height, 4), np.float32)
    for _ in range(int(rng.integers(5, 11))):
        t = np.linspace(0, 1, 9)
        reach = height * rng.uniform(0.5, 0.98)
        x = rng.normal(0, 0.12) * height * t + 0.05 * height * np.sin(5 * t + rng.uniform(0, 6))
        broad = rng.uniform(1.5, 4.0) * np.sin(np.pi * np.clip(t + 0.12, 0, 1)) + 0.6
        left, right = np.stack([x - broad, -t * reach], 1), np.stack([x + broad, -t * reach], 1)
        tone = np.array((rng.uniform(30, 120), rng.uniform(80, 130), rng.uniform(20, 60)))
        surface = tone * (0.7 + 0.6 * textures.fractal(rng, height + 16, 64, 12, 2)[..., None])
        part = make_part(np.concatenate([left, right[::-1]]), surface.astype(np.float32), (0, 0), smooth=False)
        place(canvas, part, translation(height / 2, height + 5))
    return Part(canvas, (height / 2, height + 5))


def stamp(background: np.ndarray, part: Part, base: tuple[float, float], gain: float = 1.0) -> None:
    """Paint a standing part onto a background, in place."""
    layer = np.zeros((*background.shape[:2], 4), np.float32)
    place(layer, part, translation(*base))
    background *= 1 - layer[..., 3:]
    background += layer[..., :3] * gain


def scatter(
    rng: np.random.Generator, canvas: np.ndarray, kinds: list[str], count: int, top: int, spread: float = 0.25
) -> np.ndarray:
    """Paint figures that never move into a background.

    Args:
        rng: random generator.
        canvas: [H, W, 3] float32 RGB.
        kinds: names in `registry.FIGURES` from which each figure is drawn.
        count: number of figures.
        top: the highest row on which a figure stands.
        spread: height of the area below `top` where they stand, as a share of the background's height.

    Returns:
        [H, W, 3] float32 RGB, a new picture.
    """
    height, width = canvas.shape[:2]
    for base in np.sort(rng.uniform(top, top + spread * height, count)).tolist():
        figure = FIGURES[str(rng.choice(kinds))](rng, float(rng.uniform(20, 44)))
        size = rng.uniform(0.7, 1.3)
        layer = np.zeros((height, width, 4), np.float32)
        mirror = rng.choice((-1, 1))
        stand = translation(rng.uniform(0, width), base - size * figure.ground) @ scaling(mirror * size, size)
        figure.draw(layer, stand, float(rng.uniform(0, 6.28)))
        canvas = canvas * (1 - layer[..., 3:]) + layer[..., :3] * 0.9
    return canvas
