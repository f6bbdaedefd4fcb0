"""Outlines of masks as polygons along the edges of their pixels: exact, in image coordinates.

The first pixel covers [0, 1] x [0, 1], as for COCO and CVAT. Pixels that touch at a corner only are parts of their own,
so that no outline crosses or touches itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np


def outlines(mask: np.ndarray) -> tuple[list[np.ndarray], int]:
    """The outer outlines of a mask; its holes are filled, since polygons cannot have any.

    Args:
        mask: [H, W] bool.

    Returns:
        Polygons, each [N, 2] float64 (x, y), N at least 4, larger ones first; and how many holes were filled.
    """
    rings = _rings(mask)
    holes = sum(_area(ring) < 0 for ring in rings)
    if holes:
        rings = _rings(filled(mask))
    return sorted(rings, key=_area, reverse=True), holes


def filled(mask: np.ndarray) -> np.ndarray:
    """A mask [H, W] bool without its holes, and without what lies in them."""
    around = np.pad(mask, 1).astype(np.uint8)
    cv2.floodFill(around, None, (0, 0), 2, flags=8)
    return around[1:-1, 1:-1] != 2


def simplified(ring: np.ndarray, tolerance: float) -> np.ndarray:
    """A polygon with fewer corners.

    Args:
        ring: [N, 2] (x, y).
        tolerance: pixels by which it may move; 0 leaves it as it is. What would vanish is left as it is, too.
    """
    if tolerance <= 0:
        return ring
    fewer = cv2.approxPolyDP(ring.astype(np.float32), tolerance, closed=True).reshape(-1, 2).astype(np.float64)
    return fewer if len(fewer) >= 3 and _area(fewer) > 0 else ring


def joined(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Several polygons as one, for formats that have room for one: bridges of no width go there and back.

    Args:
        rings: each [N, 2] (x, y); at least one.
    """
    chain = sorted(rings, key=lambda ring: tuple(ring.min(axis=0)))
    there: list[np.ndarray] = []
    back: list[np.ndarray] = []
    start = 0
    for ring, coming in zip(chain, [*chain[1:], None], strict=True):
        ring = np.roll(ring, -start, axis=0)
        if coming is None:
            there += [ring, ring[:1]] if back else [ring]
            break
        distances = ((ring[:, None] - coming[None]) ** 2).sum(axis=2)
        leave, start = (int(at) for at in np.unravel_index(int(distances.argmin()), distances.shape))
        there.append(ring[: leave + 1])
        back.append(np.concatenate([ring[leave:], ring[:1]]) if back else ring[leave:])
    return np.concatenate([*there, *reversed(back)])


def _area(ring: np.ndarray) -> float:
    """Signed: positive for outer outlines, negative for holes."""
    x, y = ring[:, 0], ring[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _rings(mask: np.ndarray) -> list[np.ndarray]:
    """All outlines, corners only; the object lies to the right of who walks along them, so those of holes go the other
    way round."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return []
    corner = np.array([columns[0], rows[0]])
    around = np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
    following = _following(around)
    width = around.shape[1]
    rings = []
    for edge in list(following):
        ring: list[int] = []
        while edge in following:
            after = following.pop(edge)
            if after % 4 != edge % 4:
                ring.append(after // 4)
            edge = after
        if not ring:  # of an outline that is there already
            continue
        places = np.array(ring)
        rings.append(np.stack([places % width, places // width], axis=1) + corner - 1.0)
    return rings


def _following(around: np.ndarray) -> dict[int, int]:
    """Edge -> the edge behind it. An edge is four times the number of the pixel whose top left corner it starts from,
    plus its heading: 0 right, 1 down, 2 left, 3 up.

    Args:
        around: [H, W] bool, false along the border.
    """
    width = around.shape[1]
    above, left = np.roll(around, 1, axis=0), np.roll(around, 1, axis=1)
    above_left = np.roll(above, 1, axis=1)
    starts = np.stack([around & ~above, left & ~around, above_left & ~left, above & ~above_left], axis=-1)
    edges = np.flatnonzero(starts)
    steps = np.array([1, width, -1, -width])
    headings = edges % 4
    ends = edges // 4 + steps[headings]
    after = np.full(len(edges), -1)
    for turn in (3, 0, 1):  # the last one that is possible counts: right, which keeps to one and the same pixel
        turned = ends * 4 + (headings + turn) % 4
        after = np.where(starts.ravel()[turned], turned, after)
    return dict(zip(edges.tolist(), after.tolist(), strict=True))
