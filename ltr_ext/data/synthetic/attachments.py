"""Things that are attached to a cut-out object and move with it: other objects, and thin lines.

A thing inside the box may belong to the object (a rider, a bag) or pass by (a fence, a bystander). A single frame
cannot tell the two apart; several frames can, since a part of the object moves with it. Lines (strings, poles,
antennas) make the box far larger than the body, so that a network which fills its boxes is wrong.
"""

from __future__ import annotations

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box


def attach_part(
    rng: np.random.Generator,
    picture: np.ndarray,
    mask: np.ndarray,
    part_picture: np.ndarray,
    part_mask: np.ndarray,
    size: tuple[float, float] = (0.25, 0.9),
) -> tuple[np.ndarray, np.ndarray]:
    """Attach another object to the object, in front of it or behind it; the two are one object from then on.

    Args:
        rng: random generator.
        picture: [H, W, 3] uint8 RGB.
        mask: [H, W] bool, the object; not empty.
        part_picture: [h, w, 3] uint8 RGB.
        part_mask: [h, w] bool, the other object; not empty.
        size: range of the other object's size (square root of its area), in units of the object's size.

    Returns:
        (picture [H', W', 3] uint8 RGB, mask [H', W'] bool) around both, larger or smaller than the inputs.
    """
    part_picture, part_mask = _trim(part_picture, part_mask)
    zoom = rng.uniform(*size) * np.sqrt(mask.sum() / part_mask.sum())
    side = (max(round(part_mask.shape[1] * zoom), 2), max(round(part_mask.shape[0] * zoom), 2))
    part_picture = cv2.resize(part_picture, side, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    part_mask = cv2.resize(part_mask.astype(np.uint8), side, interpolation=cv2.INTER_NEAREST) > 0
    picture, mask = _trim(picture, mask, margin=max(side))
    x, y = _pixel_of(rng, mask)
    left, top = x - side[0] // 2, y - side[1] // 2
    place = (slice(top, top + side[1]), slice(left, left + side[0]))
    shown = part_mask if rng.random() < 0.6 else part_mask & ~mask[place]
    picture[place][shown] = part_picture[shown]
    mask[place] |= shown
    return picture, mask


def attach_lines(
    rng: np.random.Generator,
    picture: np.ndarray,
    mask: np.ndarray,
    reach: tuple[float, float] = (0.4, 1.8),
    thinnest: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a bundle of thin curves that start on the object and reach beyond it.

    Args:
        rng: random generator.
        picture: [H, W, 3] uint8 RGB.
        mask: [H, W] bool, the object; not empty.
        reach: range of their length, in units of the object's size (square root of its area).
        thinnest: smallest width of a line, in pixels.

    Returns:
        (picture [H', W', 3] uint8 RGB, mask [H', W'] bool) around the object and the lines.
    """
    size = float(np.sqrt(mask.sum()))
    length = size * rng.uniform(*reach)
    picture, mask = _trim(picture, mask, margin=int(2 * length) + 4)
    start = np.array(_pixel_of(rng, mask), float)
    angle = rng.uniform(0, 2 * np.pi)
    spread = rng.uniform(0.0, 0.5) * length
    width = max(thinnest, round(size * rng.uniform(0.005, 0.03)))
    colour = rng.integers(0, 256, 3) if rng.random() < 0.7 else picture[mask].mean(axis=0)
    lines = np.zeros(mask.shape, np.uint8)
    along = np.linspace(0, 1, 24)[:, None]
    sag = rng.normal(0, 0.1) * length
    across = np.array([-np.sin(angle), np.cos(angle)])
    for _ in range(rng.integers(1, 7)):
        root = start + rng.normal(0, 0.1 * size, 2)
        tip = start + length * np.array([np.cos(angle), np.sin(angle)]) + rng.normal(0, 1, 2) * spread
        curve = (1 - along) * root + along * tip + 4 * sag * along * (1 - along) * across
        cv2.polylines(lines, [np.round(curve).astype(np.int32)], False, 1, width)
    # The colour is painted wider than the mask, so that the soft edge does not show the object's old surroundings.
    around = cv2.dilate(lines, np.ones((5, 5), np.uint8)) > 0
    picture[around & ~mask] = np.asarray(colour).astype(np.uint8)
    return picture, mask | (lines > 0)


def _trim(picture: np.ndarray, mask: np.ndarray, margin: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Copies of picture and mask, cut to the object's box; a margin around it repeats the edge of the cut picture."""
    box = mask_to_box(mask)
    assert box is not None
    x, y, w, h = box.astype(int)
    picture, mask = picture[y : y + h, x : x + w], mask[y : y + h, x : x + w]
    if not margin:
        return picture.copy(), mask.copy()
    border = (margin,) * 4
    return (
        cv2.copyMakeBorder(picture, *border, cv2.BORDER_REPLICATE),
        cv2.copyMakeBorder(mask.astype(np.uint8), *border, cv2.BORDER_CONSTANT) > 0,
    )


def _pixel_of(rng: np.random.Generator, mask: np.ndarray) -> tuple[int, int]:
    """(x, y) of a random pixel of the mask."""
    rows, columns = np.nonzero(mask)
    index = rng.integers(len(rows))
    return int(columns[index]), int(rows[index])
