"""The things that move: animals, people, cars, balls, fish and toys, each drawn in any pose.

A figure lives in its own frame: x to the right (the way it looks), y down, origin at its centre, pixels at
scale 1. `draw` puts it on a canvas [H, W, 4] float32 (RGB multiplied by alpha, see `sprites`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import cv2
import numpy as np

from tracker_ext.evaluation.demo import textures
from tracker_ext.evaluation.demo.sprites import (
    Part,
    blend,
    darker,
    make_part,
    place,
    rotation,
    shade,
    spline,
    translation,
)


class Figure(ABC):
    """Something that can be drawn in a pose.

    Attributes:
        length: extent along x in pixels at scale 1.
        ground: y of its lowest point at rest, where it touches the ground.
        casts_shadow: whether a shadow belongs under it.
    """

    length: float
    ground: float
    casts_shadow: bool = True

    @abstractmethod
    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        """Draw the figure, in place.

        Args:
            canvas: [H, W, 4] float32.
            matrix: [3, 3] from the figure's frame to canvas pixels.
            phase: state of its inner motion (steps, wheels, waves), radians.
        """


def _colours(rng: np.random.Generator, vivid: float) -> tuple[textures.Colour, textures.Colour]:
    """Two colours that differ: `vivid` 0 gives fur tones, 1 paint."""
    fur = [(150, 104, 62), (92, 66, 46), (196, 168, 126), (60, 52, 48), (214, 204, 190), (128, 120, 112), (172, 92, 48)]
    paint = [(196, 40, 36), (36, 82, 176), (238, 190, 40), (52, 140, 76), (232, 232, 228), (220, 110, 30), (96, 50, 130)]
    first, second = rng.choice(len(fur), 2, replace=False)
    table = paint if rng.random() < vivid else fur
    mixed = [tuple(float(np.clip(c + rng.normal(0, 9), 10, 245)) for c in table[index]) for index in (first, second)]
    return mixed[0], mixed[1]


def _limb(surface: np.ndarray, length: float, top: float, bottom: float) -> Part:
    """A tapering piece of leg or arm that hangs from its joint."""
    outline = [(-top, -top), (top, -top), (top, 0.4 * length), (bottom, length), (0, length + bottom), (-bottom, length)]
    return make_part(np.array([*outline, (-top, 0.4 * length)]), surface, (0, 0))


class Animal(Figure):
    """A four-legged animal that walks; proportions, coat and tail are drawn at random."""

    def __init__(self, rng: np.random.Generator, length: float, coat: str | None = None) -> None:
        kind = coat or str(rng.choice(["plain", "patches", "spots", "stripes"]))
        side = int(length * 1.1) + 12
        colours = _colours(rng, 0.0)
        surface = textures.coat(rng, side, side, kind, colours)
        fat, leg, neck = rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.15), rng.uniform(-25, 15)
        self.length, self._size, self._neck, self._leg = length, length, neck, leg
        torso = np.array(
            [(-0.48, -0.08), (-0.36, -0.2), (-0.05, -0.16), (0.26, -0.2), (0.45, -0.08), (0.42, 0.1), (0.12, 0.16), (-0.2, 0.13)]
            + [(-0.42, 0.12)]
        )
        torso = (torso + rng.normal(0, 0.01, torso.shape)) * (length, length * fat)
        self._torso = make_part(torso, surface, (0, 0), gloss=0.05)
        self._head = self._make_head(rng, surface, length)
        thick = 0.055 * length * fat
        self._upper = _limb(surface, 0.2 * leg * length, thick, 0.7 * thick)
        self._lower = _limb(surface * rng.choice([0.6, 1.0]), 0.2 * leg * length, 0.65 * thick, 0.5 * thick)
        bushy = rng.uniform(0.012, 0.045) * length
        tail = [(0, -bushy), (-0.15 * length, -1.2 * bushy), (-0.32 * length, 0), (-0.15 * length, 1.2 * bushy), (0, bushy)]
        self._tail = make_part(np.array(tail), surface, (0, 0))
        self.ground = (0.08 + 0.42 * leg) * length

    @staticmethod
    def _make_head(rng: np.random.Generator, surface: np.ndarray, length: float) -> Part:
        muzzle = rng.uniform(0.9, 1.25)
        head = [(-0.17, 0.1), (-0.16, -0.1), (-0.02, -0.26), (0.02, -0.38), (0.08, -0.32), (0.2 * muzzle, -0.26)]
        head += [(0.3 * muzzle, -0.18), (0.27 * muzzle, -0.11), (0.12, -0.09), (0.04, 0.08)]
        outline = np.array(head) * length
        part = make_part(outline, surface, (0, 0), gloss=0.05)
        # Eye and nose: what makes a face of it.
        for x, y, radius in ((0.1, -0.23, 0.018), (0.28 * muzzle, -0.17, 0.022)):
            centre = (int(x * length + part.pivot[0]), int(y * length + part.pivot[1]))
            cv2.circle(part.picture, centre, max(1, int(radius * length)), (18, 14, 12, 1), -1, cv2.LINE_AA)
        return part

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        size = self._size
        bounce = matrix @ translation(0, 0.012 * size * np.sin(2 * phase))
        for far in (True, False):
            for x, lag in ((-0.36, 0.0), (0.33, 0.5 * np.pi)):
                self._draw_leg(canvas, bounce @ translation((x + 0.05 * far) * size, 0.05 * size), phase + lag, far)
            if far:
                swing = rotation(-35 + 18 * np.sin(phase * 0.7))
                place(canvas, self._tail, bounce @ translation(-0.44 * size, -0.1 * size) @ swing)
        place(canvas, self._torso, bounce)
        nod = rotation(self._neck + 5 * np.sin(phase))
        place(canvas, self._head, bounce @ translation(0.4 * size, -0.04 * size) @ nod)

    def _draw_leg(self, canvas: np.ndarray, hip: np.ndarray, phase: float, far: bool) -> None:
        phase += np.pi * far
        upper, lower = (darker(part, 0.6) if far else part for part in (self._upper, self._lower))
        thigh = hip @ rotation(24 * np.sin(phase))
        knee = thigh @ translation(0, 0.19 * self._leg * self._size) @ rotation(28 * max(0.0, np.sin(phase + 1.2)))
        place(canvas, lower, knee)
        place(canvas, upper, thigh)


class Person(Figure):
    """A walking person with trousers, shirt, hair and swinging arms."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        height = 2.2 * length
        side = int(height) + 12
        kind = str(rng.choice(["plain", "bands", "checks", "patches"]))
        shirt = textures.coat(rng, side, side, kind, _colours(rng, 0.8))
        cloth = textures.coat(rng, side, side, "plain", _colours(rng, 0.3)) * 0.8
        skin_tone = tuple(float(c) for c in np.array((222, 176, 146)) * rng.uniform(0.45, 1.05))
        skin = textures.coat(rng, side, side, "plain", (skin_tone, skin_tone))
        hair = np.full_like(skin, (1, 0.8, 0.6)) * rng.uniform(25, 130)
        self.length, self._h = length, height
        broad = rng.uniform(0.85, 1.15)
        torso = [(-0.07, 0.0), (-0.085, -0.15), (-0.075, -0.27), (0, -0.31), (0.075, -0.27), (0.09, -0.14), (0.075, 0.02), (0, 0.04)]
        self._torso = make_part(np.array(torso) * (height * broad, height), shirt, (0, 0), gloss=0.02)
        skull = [(-0.055, -0.02), (-0.055, -0.1), (0, -0.135), (0.052, -0.1), (0.06, -0.04), (0.02, 0.01), (0.02, 0.05), (-0.03, 0.05)]
        self._head = make_part(np.array(skull) * height, skin, (0, 0), gloss=0.05)
        cap = [(-0.062, 0.0), (-0.066, -0.1), (0, -0.15), (0.055, -0.11), (0.02, -0.085), (-0.02, -0.05)]
        self._hair = make_part(np.array(cap) * height, hair, (0, 0), gloss=0.2)
        self._arm = _limb(shirt, 0.14 * height, 0.03 * height, 0.025 * height)
        self._hand = _limb(skin, 0.14 * height, 0.022 * height, 0.018 * height)
        self._thigh = _limb(cloth, 0.22 * height, 0.05 * height * broad, 0.036 * height)
        self._shin = _limb(cloth, 0.21 * height, 0.035 * height, 0.027 * height)
        self.ground = 0.46 * height

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        h = self._h
        body = matrix @ translation(0, 0.008 * h * np.cos(2 * phase)) @ rotation(4)
        for far in (True, False):
            stride = np.sin(phase + np.pi * far)
            leg = body @ translation(0, 0.01 * h) @ rotation(-26 * stride)
            shin = leg @ translation(0, 0.21 * h) @ rotation(34 * max(0.0, -np.sin(phase + np.pi * far - 0.9)) + 4)
            arm = body @ translation(0, -0.25 * h) @ rotation(30 * stride)
            pieces = (self._shin, self._thigh, self._hand, self._arm)
            low_leg, high_leg, hand, sleeve = (darker(part, 0.62) if far else part for part in pieces)
            if not far:
                place(canvas, low_leg, shin)
                place(canvas, high_leg, leg)
                place(canvas, self._torso, body)
                place(canvas, self._head, body @ translation(0.01 * h, -0.31 * h))
                place(canvas, self._hair, body @ translation(0.01 * h, -0.31 * h))
            place(canvas, hand, arm @ translation(0, 0.13 * h) @ rotation(-24))
            place(canvas, sleeve, arm)
            if far:
                place(canvas, low_leg, shin)
                place(canvas, high_leg, leg)


class Car(Figure):
    """A car seen from the side, with glass, turning wheels and glossy paint."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        side = int(length) + 12
        colours = _colours(rng, 1.0)
        paint = textures.coat(rng, side, side, "plain", (colours[0], colours[0]))
        paint = cv2.GaussianBlur(paint, (0, 0), 3) * np.linspace(1.2, 0.75, side, dtype=np.float32)[:, None, None]
        roof, nose = rng.uniform(-0.26, -0.2), rng.uniform(0.22, 0.32)
        hatch = rng.uniform(-0.46, -0.3)
        body = [(-0.5, 0.1), (-0.5, -0.05), (hatch, -0.1), (hatch + 0.1, roof), (0.02, roof - 0.01), (nose, -0.09)]
        body += [(0.46, -0.05), (0.505, 0.03), (0.5, 0.1), (0.2, 0.12), (-0.2, 0.12)]
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
        # A map of the globe, wide enough that the seam is seldom noticed.
        self._globe = cv2.GaussianBlur(textures.coat(rng, 96, 192, kind, _colours(rng, 1.0)), (0, 0), 0.8)
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


class Fish(Figure):
    """A fish whose body waves as it swims."""

    casts_shadow = False

    def __init__(self, rng: np.random.Generator, length: float, coat: str | None = None) -> None:
        side = int(length * 1.3) + 16
        kind = coat or str(rng.choice(["stripes", "bands", "spots", "patches"]))
        surface = textures.coat(rng, side, side, kind, _colours(rng, 0.85))
        fat, fan = rng.uniform(0.8, 1.3), rng.uniform(0.8, 1.3)
        body = [(0.5, 0.0), (0.4, -0.09), (0.15, -0.17), (-0.15, -0.11), (-0.33, -0.03), (-0.33, 0.03), (-0.15, 0.11)]
        body += [(0.15, 0.16), (0.4, 0.08)]
        tail = np.array([(-0.28, -0.02), (-0.42, -0.13), (-0.52, -0.16), (-0.45, 0.0), (-0.52, 0.16), (-0.42, 0.13), (-0.28, 0.02)])
        fin = np.array([(-0.1, -0.1), (-0.06, -0.2), (0.1, -0.27), (0.24, -0.13), (0.1, -0.1)])
        canvas = np.zeros((int(0.8 * length * fat) + 24, int(1.15 * length) + 24, 4), np.float32)
        centre = translation(canvas.shape[1] / 2, canvas.shape[0] / 2)
        for outline, gloss, gain in ((tail * (1, fan), 0.1, 0.8), (fin, 0.1, 0.75), (np.array(body), 0.5, 1.0)):
            place(canvas, make_part(outline * (length, length * fat), surface * gain, (0, 0), gloss), centre)
        eye = (int(canvas.shape[1] / 2 + 0.37 * length), int(canvas.shape[0] / 2 - 0.03 * length))
        cv2.circle(canvas, eye, max(2, int(0.025 * length)), (235, 230, 215, 1), -1, cv2.LINE_AA)
        cv2.circle(canvas, eye, max(1, int(0.014 * length)), (10, 10, 12, 1), -1, cv2.LINE_AA)
        self._picture = canvas
        self.length, self.ground = length, 0.2 * length * fat

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        height, width = self._picture.shape[:2]
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        along = (width / 2 + 0.5 * self.length - xs) / self.length
        wave = 0.075 * self.length * np.clip(along, 0, 1) ** 1.5 * np.sin(phase - 4.5 * along)
        squeeze = 1 + 0.12 * np.clip(along, 0, 1) * np.cos(phase)
        source_x = width / 2 + 0.5 * self.length - along * self.length * squeeze
        picture = cv2.remap(self._picture, source_x.astype(np.float32), (ys + wave).astype(np.float32), cv2.INTER_LINEAR)
        place(canvas, Part(picture, (width / 2, height / 2)), matrix)


class Toy(Figure):
    """A lump of random smooth outline that breathes; stands for all the things without a name."""

    def __init__(self, rng: np.random.Generator, length: float) -> None:
        kind = str(rng.choice(["plain", "stripes", "spots", "patches", "bands", "checks"]))
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radii = 1 + sum(rng.normal(0, 0.28 / k) * np.cos(k * angles + rng.uniform(0, 6.3)) for k in range(1, 6))
        radii = np.clip(radii, 0.35, None)
        outline = np.stack([np.cos(angles), rng.uniform(0.5, 1.1) * np.sin(angles)], axis=1) * radii[:, None]
        outline *= length / np.ptp(outline[:, 0])
        side = int(np.ptp(spline(outline), axis=0).max()) + 16
        surface = textures.coat(rng, side, side, kind, _colours(rng, 0.7))
        self._part = make_part(outline, surface, (0, 0), gloss=float(rng.uniform(0, 0.5)))
        self.length, self.ground = length, float(outline[:, 1].max())

    def draw(self, canvas: np.ndarray, matrix: np.ndarray, phase: float) -> None:
        shear = np.array([[1 + 0.06 * np.sin(phase), 0.12 * np.sin(0.7 * phase), 0], [0, 1 - 0.06 * np.sin(phase), 0], [0, 0, 1]])
        place(canvas, self._part, matrix @ shear)


FIGURES: dict[str, Callable[[np.random.Generator, float], Figure]] = {
    "animal": Animal,
    "person": Person,
    "car": Car,
    "ball": Ball,
    "fish": Fish,
    "toy": Toy,
}
"""Kinds of figures by name; each is built from (generator, length in pixels)."""


def alone(figure: Figure, phase: float, margin: int = 8) -> np.ndarray:
    """The figure by itself at scale 1: [H, W, 4] float32, centred."""
    side = int(2.6 * figure.length) + 2 * margin
    canvas = np.zeros((side, side, 4), np.float32)
    figure.draw(canvas, translation(side / 2, side / 2), phase)
    return canvas


__all__ = ["FIGURES", "Animal", "Ball", "Car", "Figure", "Fish", "Person", "Toy", "alone", "blend"]
