"""Scenes: a place, moving figures, things in front, a camera and its faults; rendered frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from ltr_ext.demo.backgrounds import BACKGROUNDS, bush, pole, weed
from ltr_ext.demo.figures import Figure
from ltr_ext.demo.sprites import Part, place, rotation, scaling, translation

SHUTTER = 0.35
"""Part of the time between two frames during which the film is exposed."""


@dataclass(frozen=True)
class Pose:
    """Where a figure stands and how."""

    x: float
    """World pixels."""
    ground: float
    """World y of the point it stands on (of its centre, if it floats)."""
    scale: float = 1.0
    angle: float = 0.0
    """Degrees, clockwise."""
    mirror: bool = False
    """Looks to the left."""
    phase: float = 0.0
    """Inner motion, radians."""
    lift: float = 0.0
    """Height above the ground, world pixels; its shadow stays on the ground."""


@dataclass(frozen=True)
class Actor:
    """A figure with its motion. Actors are painted in the order of the scene's list."""

    figure: Figure
    motion: Callable[[float], Pose]
    object_id: int
    """Label in the masks; 0 for one nobody asked for."""


@dataclass(frozen=True)
class Prop:
    """Something that stands in front and hides what passes behind."""

    part: Part
    x: float
    ground: float
    before: int = 1000
    """It hides the actors of lower index only."""


@dataclass(frozen=True)
class Scene:
    """Everything needed to render frame t."""

    size: tuple[int, int]
    """(height, width) of the picture."""
    background: np.ndarray
    actors: list[Actor]
    props: list[Prop] = field(default_factory=list)
    camera: Callable[[float], tuple[float, float, float, float]] = lambda t: (0.0, 0.0, 1.0, 0.0)
    """t -> (x, y of the centre in world pixels, zoom, roll in degrees)."""
    light: Callable[[float], tuple[float, float, float]] = lambda t: (1.0, 1.0, 1.0)
    """t -> gain of red, green, blue."""
    noise: float = 3.0
    """Standard deviation of the sensor's noise, grey levels."""


def render(scene: Scene, t: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one frame.

    Args:
        scene: the scene.
        t: time in frames.
        rng: for the sensor noise alone.

    Returns:
        (image [H, W, 3] uint8 RGB, labels [H, W] uint8): the label of a pixel is the id of the figure seen there.
    """
    height, width = scene.size
    view, earlier = _view(scene, t), _view(scene, t - SHUTTER)
    frame = cv2.warpAffine(
        scene.background, view[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    centre = np.linalg.inv(view) @ (width / 2, height / 2, 1)
    frame = _smear(frame, (view @ centre - earlier @ centre)[:2])
    labels = np.zeros((height, width), np.uint8)
    for index, actor in enumerate(scene.actors):
        pose = actor.motion(t)
        if actor.figure.casts_shadow:
            _cast_shadow(frame, view, pose, actor.figure)
        layer = np.zeros((height, width, 4), np.float32)
        matrix = view @ _stand(actor.figure, pose)
        actor.figure.draw(layer, matrix, pose.phase)
        travel = (matrix - earlier @ _stand(actor.figure, actor.motion(t - SHUTTER)))[:2, 2]
        _overlay(frame, labels, _smear(layer, travel), actor.object_id)
        for prop in scene.props:
            if prop.before == index + 1:
                _draw_prop(frame, labels, view, prop)
    for prop in scene.props:
        if prop.before > len(scene.actors):
            _draw_prop(frame, labels, view, prop)
    frame = cv2.GaussianBlur(frame, (0, 0), 0.55) * np.array(scene.light(t), np.float32)
    frame += rng.normal(0, scene.noise, (height, width, 1)).astype(np.float32)
    frame += rng.normal(0, scene.noise / 2, (height, width, 3)).astype(np.float32)
    return np.clip(frame, 0, 255).astype(np.uint8), labels


def make_background(rng: np.random.Generator, place_name: str, size: tuple[int, int], wide: float = 2.0) -> np.ndarray:
    """Paint a place with room for the camera: 1.3 times as high and `wide` times as wide as the picture."""
    return BACKGROUNDS[place_name](rng, int(size[0] * 1.3), int(size[1] * wide))


def random_prop(rng: np.random.Generator, place_name: str, x: float, ground: float, size: float) -> Prop:
    """Something to stand in front, fit for the place: a weed, bush or post of about `size` pixels."""
    if place_name == "reef":
        part = weed(rng, int(size * 1.5))
    elif place_name in ("meadow", "yard") and rng.random() < 0.6:
        part = bush(rng, int(size))
    else:
        part = pole(rng, int(size * 3), max(6.0, size / 7))
    return Prop(part, x, ground)


def _view(scene: Scene, t: float) -> np.ndarray:
    """[3, 3] from world to picture pixels."""
    x, y, zoom, roll = scene.camera(t)
    height, width = scene.size
    return translation(width / 2, height / 2) @ rotation(roll) @ scaling(zoom, zoom) @ translation(-x, -y)


def _stand(figure: Figure, pose: Pose) -> np.ndarray:
    """[3, 3] from the figure's frame to the world."""
    foot = figure.ground * pose.scale if figure.casts_shadow else 0.0
    mirror = -1 if pose.mirror else 1
    spot = translation(pose.x, pose.ground - pose.lift - foot)
    return spot @ rotation(pose.angle) @ scaling(mirror * pose.scale, pose.scale)


def _cast_shadow(frame: np.ndarray, view: np.ndarray, pose: Pose, figure: Figure) -> None:
    """Darken the ground under a figure, in place; softer and weaker the higher it is."""
    zoom = float(np.hypot(view[0, 0], view[1, 0]))
    spot = view @ (pose.x + 0.05 * figure.length, pose.ground, 1)
    half = max(2.0, 0.46 * figure.length * pose.scale * zoom)
    soft = 2.0 + 0.12 * pose.lift
    shadow = np.zeros(frame.shape[:2], np.float32)
    centre = (int(spot[0] * 16), int(spot[1] * 16))
    cv2.ellipse(shadow, centre, (int(half * 16), int(half * 4)), 0, 0, 360, 1.0, -1, cv2.LINE_AA, shift=4)
    shade = cv2.GaussianBlur(shadow, (0, 0), soft)
    frame *= 1 - shade[..., None] * 0.55 / (1 + 0.02 * pose.lift)


def _smear(picture: np.ndarray, travel: np.ndarray) -> np.ndarray:
    """Motion blur along the way travelled, (x, y) pixels."""
    length = float(np.hypot(*travel))
    if length < 1.0:
        return picture
    side = 2 * int(np.ceil(min(length, 40) / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    half = np.array(travel) * (min(length, 40) / length / 2)
    start, end = (tuple(np.round((side / 2 - 0.5 + sign * half) * 16).astype(int).tolist()) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, shift=4)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _overlay(frame: np.ndarray, labels: np.ndarray, layer: np.ndarray, object_id: int) -> None:
    frame *= 1 - layer[..., 3:]
    frame += layer[..., :3]
    labels[layer[..., 3] > 0.5] = object_id


def _draw_prop(frame: np.ndarray, labels: np.ndarray, view: np.ndarray, prop: Prop) -> None:
    layer = np.zeros((*labels.shape, 4), np.float32)
    place(layer, prop.part, view @ translation(prop.x, prop.ground))
    _overlay(frame, labels, layer, 0)
