"""Living figures: four-legged animals, people, fish."""

from __future__ import annotations

import cv2
import numpy as np

from ltr_ext.demo import textures
from ltr_ext.demo.figures import Figure, two_colours
from ltr_ext.demo.sprites import Part, darker, make_part, place, points, rotation, translation


def _limb(surface: np.ndarray, length: float, top: float, bottom: float) -> Part:
    """A tapering piece of leg or arm that hangs from its joint."""
    outline = [
        (-top, -top),
        (top, -top),
        (top, 0.4 * length),
        (bottom, length),
        (0, length + bottom),
        (-bottom, length),
    ]
    return make_part(np.array([*outline, (-top, 0.4 * length)]), surface, (0, 0))


class Animal(Figure):
    """A four-legged animal that walks; proportions, coat and tail are drawn at random."""

    def __init__(self, rng: np.random.Generator, length: float, coat: str | None = None) -> None:
        kind = coat or str(rng.choice(["plain", "patches", "spots", "stripes"]))
        side = int(length * 1.1) + 12
        colours = two_colours(rng, 0.0)
        surface = textures.coat(rng, side, side, kind, colours)
        fat, leg, neck = rng.uniform(0.8, 1.2), rng.uniform(0.8, 1.15), rng.uniform(-25, 15)
        self.length, self._size, self._neck, self._leg = length, length, neck, leg
        torso = points("-.48,-.08 -.36,-.2 -.05,-.16 .26,-.2 .45,-.08 .42,.1 .12,.16 -.2,.13 -.42,.12")
        torso = (torso + rng.normal(0, 0.01, torso.shape)) * (length, length * fat)
        self._torso = make_part(torso, surface, (0, 0), gloss=0.05)
        self._head = self._make_head(rng, surface, length)
        thick = 0.055 * length * fat
        self._upper = _limb(surface, 0.2 * leg * length, thick, 0.7 * thick)
        self._lower = _limb(surface * rng.choice([0.6, 1.0]), 0.2 * leg * length, 0.65 * thick, 0.5 * thick)
        bushy = rng.uniform(0.012, 0.045) * length
        tail = [
            (0, -bushy),
            (-0.15 * length, -1.2 * bushy),
            (-0.32 * length, 0),
            (-0.15 * length, 1.2 * bushy),
            (0, bushy),
        ]
        self._tail = make_part(np.array(tail), surface, (0, 0))
        self.ground = (0.08 + 0.42 * leg) * length

    @staticmethod
    def _make_head(rng: np.random.Generator, surface: np.ndarray, length: float) -> Part:
        muzzle = rng.uniform(0.9, 1.25)
        head = [(-0.17, 0.1), (-0.16, -0.1), (-0.02, -0.26), (0.02, -0.38), (0.08, -0.32), (0.2 * muzzle, -0.26)]
        head += [(0.3 * muzzle, -0.18), (0.27 * muzzle, -0.11), (0.12, -0.09), (0.04, 0.08)]
        outline = np.array(head) * length
        part = make_part(outline, surface, (0, 0), gloss=0.05)
        # An eye and a nose make the head a face.
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
        shirt = textures.coat(rng, side, side, kind, two_colours(rng, 0.8))
        cloth = textures.coat(rng, side, side, "plain", two_colours(rng, 0.3)) * 0.8
        tone = rng.uniform(0.45, 1.05)
        skin_tones = ((222 * tone, 176 * tone, 146 * tone), (205 * tone, 158 * tone, 130 * tone))
        skin = textures.coat(rng, side, side, "plain", skin_tones)
        hair = np.full_like(skin, (1, 0.8, 0.6)) * rng.uniform(25, 130)
        self.length, self._h = length, height
        broad = rng.uniform(0.85, 1.15)
        torso = points("-.07,0 -.085,-.15 -.075,-.27 0,-.31 .075,-.27 .09,-.14 .075,.02 0,.04")
        self._torso = make_part(torso * (height * broad, height), shirt, (0, 0), gloss=0.02)
        skull = points("-.055,-.02 -.055,-.1 0,-.135 .052,-.1 .06,-.04 .02,.01 .02,.05 -.03,.05")
        self._head = make_part(skull * height, skin, (0, 0), gloss=0.05)
        cap = points("-.062,0 -.066,-.1 0,-.15 .055,-.11 .02,-.085 -.02,-.05")
        self._hair = make_part(cap * height, hair, (0, 0), gloss=0.2)
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


class Fish(Figure):
    """A fish whose body waves as it swims."""

    casts_shadow = False

    def __init__(self, rng: np.random.Generator, length: float, coat: str | None = None) -> None:
        side = int(length * 1.3) + 16
        kind = coat or str(rng.choice(["stripes", "bands", "spots", "patches"]))
        surface = textures.coat(rng, side, side, kind, two_colours(rng, 0.85))
        fat, fan = rng.uniform(0.8, 1.3), rng.uniform(0.8, 1.3)
        body = points(".5,0 .4,-.09 .15,-.17 -.15,-.11 -.33,-.03 -.33,.03 -.15,.11 .15,.16 .4,.08")
        tail = points("-.28,-.02 -.42,-.13 -.52,-.16 -.45,0 -.52,.16 -.42,.13 -.28,.02")
        fin = points("-.1,-.1 -.06,-.2 .1,-.27 .24,-.13 .1,-.1")
        canvas = np.zeros((int(0.8 * length * fat) + 24, int(1.15 * length) + 24, 4), np.float32)
        centre = translation(canvas.shape[1] / 2, canvas.shape[0] / 2)
        for outline, gloss, gain in ((tail * (1, fan), 0.1, 0.8), (fin, 0.1, 0.75), (body, 0.5, 1.0)):
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
        picture = cv2.remap(
            self._picture, source_x.astype(np.float32), (ys + wave).astype(np.float32), cv2.INTER_LINEAR
        )
        place(canvas, Part(picture, (width / 2, height / 2)), matrix)
