"""Scenes: a place, moving figures, things in front of them and a camera with its flaws; rendered frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from ltr_ext.demo.backgrounds import BACKGROUNDS, bush, pole, weed
from ltr_ext.demo.figures import Figure
from ltr_ext.demo.sprites import Part, place, rotation, scaling, translation

SHUTTER = 0.35
"""Share of the time between two frames during which the film is exposed."""


@dataclass(frozen=True)
class Pose:
    """The position and the posture of a figure. World pixels are those of the background."""

    x: float
    """x of the figure's centre, in world pixels."""
    ground: float
    """y of the point on which it stands (of its centre, if it casts no shadow), in world pixels."""
    scale: float = 1.0
    angle: float = 0.0
    """In degrees, clockwise."""
    mirror: bool = False
    """Whether it looks to the left."""
    phase: float = 0.0
    """Phase of its inner motion, in radians."""
    lift: float = 0.0
    """Height above the ground, in world pixels; the shadow stays on the ground."""


@dataclass(frozen=True)
class Actor:
    """A figure with its motion (time in frames -> pose). Actors are painted in the order of the scene's list."""

    figure: Figure
    motion: Callable[[float], Pose]
    object_id: int
    """Its label in the masks; 0 for a figure that is not annotated."""


@dataclass(frozen=True)
class Prop:
    """Something that stands in front of the actors and hides them when they pass behind it; in world pixels."""

    part: Part
    x: float
    ground: float


@dataclass(frozen=True)
class Scene:
    """Everything that is needed to render a frame."""

    size: tuple[int, int]
    """(height, width) of the frame."""
    background: np.ndarray
    """[H, W, 3] float32 RGB, 0..255."""
    actors: list[Actor]
    props: list[Prop] = field(default_factory=list)
    camera: Callable[[float], tuple[float, float, float, float]] = lambda t: (0.0, 0.0, 1.0, 0.0)
    """Time in frames -> (x and y of the centre in world pixels, zoom, roll in degrees)."""
    light: Callable[[float], tuple[float, float, float]] = lambda t: (1.0, 1.0, 1.0)
    """Time in frames -> gains of red, green and blue."""
    noise: float = 3.0
    """Standard deviation of the sensor's noise, in grey levels."""


def render(scene: Scene, t: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Render one frame.

    Args:
        scene: the scene.
        t: time in frames.
        rng: random generator, only for the sensor noise.

    Returns:
        (image [H, W, 3] uint8 RGB, labels [H, W] uint8): the label of a pixel is the id of the figure visible there.
    """
    height, width = scene.size
    view, earlier = _view(scene, t), _view(scene, t - SHUTTER)
    frame = cv2.warpAffine(
        scene.background, view[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    centre = np.linalg.inv(view) @ (width / 2, height / 2, 1)
    frame = _smear(frame, (view @ centre - earlier @ centre)[:2])
    labels = np.zeros((height, width), np.uint8)
    for actor in scene.actors:
        pose = actor.motion(t)
        if actor.figure.casts_shadow:
            _cast_shadow(frame, view, pose, actor.figure)
        layer = np.zeros((height, width, 4), np.float32)
        matrix = view @ _stand(actor.figure, pose)
        actor.figure.draw(layer, matrix, pose.phase)
        travel = (matrix - earlier @ _stand(actor.figure, actor.motion(t - SHUTTER)))[:2, 2]
        _overlay(frame, labels, _smear(layer, travel), actor.object_id)
    for prop in scene.props:
        layer = np.zeros((height, width, 4), np.float32)
        place(layer, prop.part, view @ translation(prop.x, prop.ground))
        _overlay(frame, labels, layer, 0)
    frame = cv2.GaussianBlur(frame, (0, 0), 0.55) * np.array(scene.light(t), np.float32)
    frame += rng.normal(0, scene.noise, (height, width, 1)).astype(np.float32)
    frame += rng.normal(0, scene.noise / 2, (height, width, 3)).astype(np.float32)
    return np.clip(frame, 0, 255).astype(np.uint8), labels


def make_background(rng: np.random.Generator, place_name: str, size: tuple[int, int], wide: float = 2.0) -> np.ndarray:
    """Paint a place that is 1.3 times as high and `wide` times as wide as a frame, so that the camera can move."""
    return BACKGROUNDS[place_name](rng, int(size[0] * 1.3), int(size[1] * wide))


def random_prop(rng: np.random.Generator, place_name: str, x: float, ground: float, size: float) -> Prop:
    """Draw a prop that suits the place: a weed, a bush or a post of about `size` pixels."""
    if place_name == "reef":
        part = weed(rng, int(size * 1.5))
    elif place_name in ("meadow", "yard") and rng.random() < 0.6:
        part = bush(rng, int(size))
    else:
        part = pole(rng, int(size * 3), max(6.0, size / 7))
    return Prop(part, x, ground)


def _view(scene: Scene, t: float) -> np.ndarray:
    """[3, 3] affine map from world to frame pixels."""
    x, y, zoom, roll = scene.camera(t)
    height, width = scene.size
    return translation(width / 2, height / 2) @ rotation(roll) @ scaling(zoom, zoom) @ translation(-x, -y)


def _stand(figure: Figure, pose: Pose) -> np.ndarray:
    """[3, 3] affine map from the figure's frame to world pixels."""
    foot = figure.ground * pose.scale if figure.casts_shadow else 0.0
    mirror = -1 if pose.mirror else 1
    spot = translation(pose.x, pose.ground - pose.lift - foot)
    return spot @ rotation(pose.angle) @ scaling(mirror * pose.scale, pose.scale)


def _cast_shadow(frame: np.ndarray, view: np.ndarray, pose: Pose, figure: Figure) -> None:
    """Darken the ground under a figure, in place; the shadow is softer and weaker the higher the figure is."""
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
    """Blur a picture along a displacement (x, y) in pixels."""
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
