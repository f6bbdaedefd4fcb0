"""Clips of moving shapes: what every miniature shows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIZE_HW = (64, 96)


@dataclass(frozen=True)
class Frame:
    """One frame with all that is known of it."""

    image: np.ndarray
    """[H, W, 3] uint8 RGB."""
    labels: np.ndarray
    """[H, W] uint8, pixel value = object id."""

    def box(self, object_id: int = 1) -> tuple[float, float, float, float]:
        """(x, y, w, h) of an object, pixels; zeros where it is not."""
        rows, columns = np.nonzero(self.labels == object_id)
        if not rows.size:
            return 0.0, 0.0, 0.0, 0.0
        x, y = columns.min(), rows.min()
        return float(x), float(y), float(columns.max() - x + 1), float(rows.max() - y + 1)


def draw_clip(
    name: str,
    frames: int,
    objects: int = 1,
    *,
    sizes: list[tuple[int, int]] | None = None,
    absent: dict[int, set[int]] | None = None,
    cut: frozenset[int] = frozenset(),
) -> list[Frame]:
    """Ellipses and rectangles that move over a textured ground; the same for the same arguments.

    Args:
        name: of the clip; chooses colours, places and speeds.
        frames: how many.
        objects: how many, ids from 1.
        sizes: (height, width) of every frame; by default all `SIZE_HW`.
        absent: object id -> the frames in which it is not to be seen.
        cut: the frames in which object 1 is half outside, to the left.
    """
    sizes = sizes or [SIZE_HW] * frames
    random = np.random.default_rng(zlib.crc32(name.encode()))
    ground = cv2.GaussianBlur(random.integers(0, 256, (32, 48, 3), dtype=np.uint8), (0, 0), 1.5)
    colours = random.integers(40, 256, (objects, 3))
    places = random.uniform(0.3, 0.4, (objects, 2)) + np.linspace(0, 0.3, objects)[:, None]
    phases, radii = random.uniform(0, 2 * np.pi, (objects, 2)), random.uniform(0.12, 0.17, (objects, 2))
    clip = []
    for t, (height, width) in enumerate(sizes):
        image = cv2.resize(ground, (width, height))
        labels = np.zeros((height, width), np.uint8)
        rows, columns = np.mgrid[:height, :width] + 0.5
        for i in range(objects):
            if t in (absent or {}).get(i + 1, ()):
                continue
            middle = places[i] + 0.08 * np.sin(phases[i] + t / 2)
            if i == 0 and t in cut:
                middle[1] = 0
            (y, x), (b, a) = middle * (height, width), radii[i] * (height, width)
            dy, dx = np.abs(rows - y) / b, np.abs(columns - x) / a
            inside = np.maximum(dx, dy) <= 1 if i % 2 else dx**2 + dy**2 <= 1
            labels[inside] = i + 1
            image[inside] = colours[i]
        clip.append(Frame(image, labels))
    return clip


def write_picture(path: Path, image: np.ndarray) -> None:
    """An RGB picture as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image[..., ::-1]):
        raise OSError(f"{path} cannot be written")


def write_labels(path: Path, labels: np.ndarray) -> None:
    """Ids as a palette PNG, as DAVIS and YouTube-VOS have them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(labels)
    picture.putpalette([level for i in range(256) for level in (i, 37 * i % 256, 91 * i % 256)])
    picture.save(path)


def write_text(path: Path, text: str) -> None:
    """A text file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_lines(path: Path, lines: list) -> None:
    """One entry a line, with a line end after the last."""
    write_text(path, "".join(f"{line}\n" for line in lines))
