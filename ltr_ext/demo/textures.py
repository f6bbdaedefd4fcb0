"""Surfaces made of noise: grass, brick, planks, pebbles, leaves, coats.

Unless it says otherwise, a function takes a random generator and a size in pixels, and returns [H, W, 3] float32 RGB,
0..255. The same generator state gives the same picture.
"""

from __future__ import annotations

import cv2
import numpy as np

Colour = tuple[float, float, float]


def fractal(
    rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4, aspect: float = 1.0
) -> np.ndarray:
    """Noise of several scales, each half as coarse and half as strong as the previous one.

    Args:
        rng: random generator.
        height: number of rows.
        width: number of columns.
        cell: size of the coarsest features, in pixels.
        octaves: number of scales.
        aspect: width of the features over their height.

    Returns:
        [H, W] float32, stretched to 0..1.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        size = cell / 2**octave
        rows = max(2, int(np.ceil(height * aspect**0.5 / size)) + 1)
        columns = max(2, int(np.ceil(width / aspect**0.5 / size)) + 1)
        grid = rng.random((rows, columns), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def ramp(values: np.ndarray, *colours: Colour) -> np.ndarray:
    """Map values [H, W] in 0..1 to colours [H, W, 3], interpolated between evenly spaced colours."""
    table = np.asarray(colours, np.float32)
    lookup = np.stack([np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(table)), c) for c in table.T], axis=-1)
    return lookup[(np.clip(values, 0, 1) * 255).astype(np.uint8)].astype(np.float32)


def grain(rng: np.random.Generator, image: np.ndarray, strength: float) -> np.ndarray:
    """Add fine and coarse noise of the brightness to a picture [H, W, 3]; `strength` is in grey levels."""
    height, width = image.shape[:2]
    fine = rng.normal(0, strength, (height, width)).astype(np.float32)
    coarse = (fractal(rng, height, width, 24, 3) - 0.5) * 3 * strength
    return image + (fine + coarse)[..., None]


def grass(rng: np.random.Generator, height: int, width: int, blades: int = 5000) -> np.ndarray:
    """A meadow: patches of green under single blades, longer and brighter towards the bottom."""
    tint = rng.uniform(-12, 12, 3)
    base = ramp(fractal(rng, height, width, 90, 5, 2.0), (48, 62, 26), (86, 104, 40), (122, 128, 62)) + tint
    canvas = grain(rng, base, 7).astype(np.float32)
    ys = np.sort(rng.integers(0, height, blades))
    xs, lean = rng.integers(0, width, blades), rng.normal(0, 0.35, blades)
    tone = rng.normal(1.0, 0.28, blades)
    for y, x, slant, gain in zip(ys.tolist(), xs.tolist(), lean.tolist(), tone.tolist(), strict=True):
        length = 3 + 9 * y / height
        tip = (int(x + slant * length), int(y - length))
        colour = (np.array((92, 116, 44)) + tint) * gain
        cv2.line(canvas, (x, y), tip, colour.tolist(), 1, cv2.LINE_AA)
    return canvas


def brick(rng: np.random.Generator, height: int, width: int, course: int = 14) -> np.ndarray:
    """A wall of bricks in running bond, each of its own tone, with mortar and weathering."""
    canvas = np.full((height, width, 3), rng.uniform(120, 165), np.float32)
    base = np.array([rng.uniform(120, 160), rng.uniform(70, 90), rng.uniform(55, 75)])
    length = course * 2.6
    for row in range(height // course + 1):
        for column in range(-1, int(width / length) + 1):
            x, y = int((column + 0.5 * (row % 2)) * length), row * course
            colour = base * rng.normal(1.0, 0.13) + rng.normal(0, 6, 3)
            cv2.rectangle(canvas, (x + 1, y + 1), (int(x + length) - 2, y + course - 2), colour.tolist(), -1)
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.7)
    return grain(rng, soft * (0.75 + 0.5 * fractal(rng, height, width, 150, 4)[..., None]), 6)


def planks(rng: np.random.Generator, height: int, width: int, board: int = 34) -> np.ndarray:
    """Wooden boards with grain lines, each board shifted and of its own tone."""
    canvas = np.empty((height, width, 3), np.float32)
    dark, light = (96, 62, 34), (186, 138, 88)
    for top in range(0, height, board):
        rows = min(board, height - top)
        rings = fractal(rng, rows, width, 60, 3, 12.0)
        lines = 0.5 + 0.5 * np.sin(rings * rng.uniform(18, 34))
        tone = 0.35 * lines + 0.65 * fractal(rng, rows, width, 20, 3, 14.0)
        canvas[top : top + rows] = ramp(tone, dark, light) * rng.normal(1.0, 0.09)
        canvas[top : top + 1] *= 0.45
    return grain(rng, canvas, 4)


def pebbles(rng: np.random.Generator, height: int, width: int, count: int = 900) -> np.ndarray:
    """A bed of stones painted from far to near, each with its own colour, shadow and light side."""
    canvas = ramp(fractal(rng, height, width, 60, 4), (40, 44, 42), (96, 92, 78))
    ys = np.sort(rng.integers(-6, height + 6, count))
    for y in ys.tolist():
        x = int(rng.integers(0, width))
        radius = rng.gamma(4.0, 1.4) * (0.6 + 0.9 * y / height) + 2
        axes = (int(radius * rng.uniform(1.0, 1.6)) + 1, int(radius * rng.uniform(0.6, 0.9)) + 1)
        angle = rng.uniform(-30, 30)
        grey = rng.uniform(60, 165)
        colour = np.array([grey, grey * rng.uniform(0.88, 1.02), grey * rng.uniform(0.72, 1.0)])
        for offset, shrink, gain in ((2, 1.0, 0.35), (0, 1.0, 0.8), (-1, 0.8, 1.0), (-2, 0.45, 1.2)):
            size = (max(1, int(axes[0] * shrink)), max(1, int(axes[1] * shrink)))
            shade = (colour * gain).tolist()
            cv2.ellipse(canvas, (x - offset // 2, y + offset), size, angle, 0, 360, shade, -1, cv2.LINE_AA)
    return grain(rng, cv2.GaussianBlur(canvas, (0, 0), 0.8), 6)


def leaves(rng: np.random.Generator, height: int, width: int, count: int = 2600) -> np.ndarray:
    """Dense foliage: dark depths, then layers of leaves that get lighter."""
    base = ramp(fractal(rng, height, width, 70, 4), (14, 24, 12), (44, 62, 28))
    hue = np.array([rng.uniform(0.65, 1.2), 1.0, rng.uniform(0.4, 0.7)])
    light = fractal(rng, height, width, 110, 3)
    for layer in np.linspace(0, 1, count):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        tone = 40 + 70 * layer * (0.4 + light[y, x]) + rng.normal(0, 12)
        axes = (int(rng.integers(2, 7)), int(rng.integers(1, 4)))
        colour = (hue * tone).tolist()
        cv2.ellipse(base, (x, y), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)
    return grain(rng, base, 5)


def asphalt(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Road surface: grey grain, stains and a few cracks."""
    canvas = grain(rng, ramp(fractal(rng, height, width, 120, 4, 3.0), (74, 74, 78), (112, 110, 108)), 9)
    for _ in range(6):
        steps = rng.normal(0, 4, (14, 2)) + np.array([rng.choice((-1, 1)) * 12, 0])
        path = np.cumsum(steps, axis=0) + np.array([rng.uniform(0, width), rng.uniform(0, height)])
        cv2.polylines(canvas, [path.astype(np.int32)], False, (52, 52, 54), 1, cv2.LINE_AA)
    return canvas


def water(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Rippled water seen at a slant."""
    field = 0.6 * fractal(rng, height, width, 36, 4, 6.0) + 0.4 * fractal(rng, height, width, 160, 3)
    return grain(rng, ramp(field, (30, 62, 78), (62, 104, 116), (170, 192, 196)), 4)


def clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Sky that pales towards the horizon, with clouds."""
    field = np.clip(fractal(rng, height, width, 160, 5, 2.5) * 2.2 - 0.9, 0, 1)
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    sky = ramp(slope, (92, 136, 190), (186, 206, 222))
    return sky + (238 - sky) * field[..., None] * 0.9


def plaster(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """An indoor wall: one tone with stains and, at times, a printed pattern."""
    tone = np.array([rng.uniform(120, 210), rng.uniform(120, 200), rng.uniform(110, 190)], np.float32)
    wall = tone * (0.82 + 0.3 * fractal(rng, height, width, 140, 4))[..., None]
    if rng.random() < 0.5:
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        print_ = np.sin(xs / 9) * np.sin(ys / 9 + np.sin(xs / 18)) > 0.35
        wall[print_] *= rng.uniform(0.75, 0.9)
    return grain(rng, wall, 4)


def coat(rng: np.random.Generator, height: int, width: int, kind: str, colours: tuple[Colour, Colour]) -> np.ndarray:
    """The surface of an object: a main colour, a second one in the named pattern, and fine noise like hair.

    Args:
        rng: random generator.
        height: number of rows.
        width: number of columns.
        kind: "plain", "stripes", "spots", "patches", "bands" or "checks".
        colours: main and second colour.

    Raises:
        ValueError: the kind is unknown.
    """
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    warp = fractal(rng, height, width, 40, 3)
    if kind == "plain":
        amount = 0.5 * warp
    elif kind == "stripes":
        amount = 0.5 + 4 * np.sin(xs / rng.uniform(3.0, 5.0) + 6 * warp)
    elif kind == "spots":
        amount = 14 * (fractal(rng, height, width, 14, 2) - 0.62)
    elif kind == "patches":
        amount = 20 * (fractal(rng, height, width, 55, 3) - 0.5)
    elif kind == "bands":
        amount = 0.5 + 3 * np.sin(ys / rng.uniform(5, 9))
    elif kind == "checks":
        amount = 0.5 + 5 * np.sin(xs / 5) * np.sin(ys / 5)
    else:
        raise ValueError(f"coat {kind!r}; known: plain, stripes, spots, patches, bands, checks")
    hair = fractal(rng, height, width, 6, 2, 2.5)
    return ramp(np.clip(amount, 0, 1), *colours) * (0.82 + 0.36 * hair)[..., None]
