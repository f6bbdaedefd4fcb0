"""Lifeless figures: cars, balls, toys."""

from __future__ import annotations

import cv2
import numpy as np

from ltr_ext.demo import textures
from ltr_ext.demo.figures import Figure, two_colours
from ltr_ext.demo.sprites import Part, make_part, place, points, rotation, shade, spline, translation


class Car(Figure):
    """A car seen from the side, with glass, turning wheels and glossy paint."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        side = int(length) + 12
        colours = two_colours(rng, 1.0)
        paint = textures.coat(rng, side, side, "plain", (colours[0], colours[0]))
        paint = cv2.GaussianBlur(paint, (0, 0), 3) * np.linspace(1.2, 0.75, side, dtype=np.float32)[:, None, None]
        roof, nose = rng.uniform(-0.26, -0.2), rng.uniform(0.22, 0.32)
        hatch = rng.uniform(-0.46, -0.3)
        body = [(-0.5, 0.1), (-0.5, -0.05), (hatch, -0.1), (hatch + 0.1, roof), (0.02, roof - 0.01), (nose, -0.09)]
        body += points(".46,-.05 .505,.03 .5,.1 .2,.12 -.2,.12").tolist()
        self.length, self._size = length, length
        self._body = make_part(np.array(body) * length, paint, (0, 0), gloss=0.6)
        self._paint_glass(roof, nose, hatch)
        radius = 0.088 * length
        self._wheel = self._make_wheel(radius)
        self.ground = 0.1 * length + radius

    def _paint_glass(self, roof: float, nose: float, hatch: float) -> None:
        size, picture, pivot = self._size, self._body.picture, np.array(self._body.pivot)
        top, low = roof + 0.035, -0.085
        windows = [
            [(hatch + 0.03, low), (hatch + 0.12, top), (-0.08, top), (-0.08, low)],
            [(-0.055, low), (-0.055, top), (0.03, top), (nose - 0.07, low)],
        ]
        for window in windows:
            corners = np.round((np.array(window) * size + pivot) * 16).astype(np.int32)
            cv2.fillPoly(picture, [corners], (52, 64, 74, 1), cv2.LINE_AA, shift=4)
            glint = corners * [1, 1]
            glint[[1, 2]] = (glint[[0, 3]] + glint[[1, 2]]) // 2
            cv2.fillPoly(picture, [glint], (88, 104, 116, 1), cv2.LINE_AA, shift=4)
        for x, y, colour in ((0.48, 0.0, (250, 240, 200, 1)), (-0.49, -0.01, (170, 24, 20, 1))):
            centre = tuple(int(v) for v in np.array((x, y)) * size + pivot)
            cv2.ellipse(picture, centre, (max(1, int(0.012 * size)), max(1, int(0.022 * size))), 0, 0, 360, colour, -1)
        for x in (-0.07, 0.18):
            start, end = (np.array(((x, -0.08), (x, 0.09))) * size + pivot).astype(int)
            cv2.line(picture, tuple(start.tolist()), tuple(end.tolist()), (30, 30, 30, 1), 1, cv2.LINE_AA)

    @staticmethod
    def _make_wheel(radius: float) -> Part:
        side = int(2 * radius) + 6
        centre = (side / 2, side / 2)
        wheel = np.zeros((side, side, 4), np.float32)
        place_ = tuple(int(c * 16) for c in centre)
        for size, colour in ((1.0, (26, 26, 28, 1)), (0.68, (150, 152, 156, 1)), (0.6, (70, 72, 76, 1))):
            cv2.circle(wheel, place_, int(size * radius * 16), colour, -1, cv2.LINE_AA, shift=4)
        for angle in np.arange(5) * 2 * np.pi / 5:
            tip = tuple(int((c + 0.62 * radius * f(angle)) * 16) for c, f in zip(centre, (np.cos, np.sin), strict=True))
            cv2.line(wheel, place_, tip, (176, 178, 182, 1), max(1, int(radius / 7)), cv2.LINE_AA, shift=4)
        return Part(wheel, centre)

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        sway = matrix @ translation(0, 0.004 * self._size * np.sin(phase))
        place(canvas, self._body, sway)
        for x in (-0.31, 0.31):
            wheel = matrix @ translation(x * self._size, 0.1 * self._size)
            place(canvas, self._wheel, wheel @ rotation(np.degrees(phase)))


class Ball(Figure):
    """A sphere whose printed pattern turns with it as it rolls."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        radius = length / 2
        kind = str(rng.choice(["stripes", "spots", "patches", "checks", "bands"]))
        self.length, self.ground = length, radius
        # The sphere's surface by longitude and latitude; its seam lies on the far side and is hardly ever seen.
        self._globe = cv2.GaussianBlur(textures.coat(rng, 96, 192, kind, two_colours(rng, 1.0)), (0, 0), 0.8)
        self._tilt = rng.uniform(-0.6, 0.6)
        side = int(length) + 6
        ys, xs = (np.mgrid[:side, :side].astype(np.float32) - side / 2 + 0.5) / radius
        distance = np.hypot(xs, ys)
        self._alpha = np.clip((1 - distance) * radius + 0.5, 0, 1)
        z = np.sqrt(np.clip(1 - distance**2, 0, 1))
        self._points = np.stack([xs, ys, z], axis=-1)
        self._factor, self._highlight = shade(self._alpha, gloss=0.5)
        self._centre = (side / 2, side / 2)

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        c, s = np.cos(phase), np.sin(phase)
        a, b = np.cos(self._tilt), np.sin(self._tilt)
        turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, a, b], [0, -b, a]])
        x, y, z = np.moveaxis((self._points @ turn.T).astype(np.float32), -1, 0)
        height, width = self._globe.shape[:2]
        longitude = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (width - 1)
        latitude = (np.arcsin(np.clip(y, -1, 1)) / np.pi + 0.5) * (height - 1)
        rgb = cv2.remap(self._globe, longitude, latitude, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rgb = np.clip(rgb * self._factor[..., None] + 255 * self._highlight[..., None], 0, 255)
        picture = np.dstack([rgb * self._alpha[..., None], self._alpha]).astype(np.float32)
        place(canvas, Part(picture, self._centre), matrix)


class Toy(Figure):
    """A lump with a random smooth outline that changes its shape rhythmically; it stands for objects of any kind."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        kind = str(rng.choice(["plain", "stripes", "spots", "patches", "bands", "checks"]))
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radii = 1 + sum(rng.normal(0, 0.28 / k) * np.cos(k * angles + rng.uniform(0, 6.3)) for k in range(1, 6))
        radii = np.clip(radii, 0.35, None)
        outline = np.stack([np.cos(angles), rng.uniform(0.5, 1.1) * np.sin(angles)], axis=1) * radii[:, None]
        outline *= length / np.ptp(outline[:, 0])
        side = int(np.ptp(spline(outline), axis=0).max()) + 16
        surface = textures.coat(rng, side, side, kind, two_colours(rng, 0.7))
        self._part = make_part(outline, surface, (0, 0), gloss=float(rng.uniform(0, 0.5)))
        self.length, self.ground = length, float(outline[:, 1].max())

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        shear = np.array(
            [[1 + 0.06 * np.sin(phase), 0.12 * np.sin(0.7 * phase), 0], [0, 1 - 0.06 * np.sin(phase), 0], [0, 0, 1]]
        )
        place(canvas, self._part, matrix @ shear)
