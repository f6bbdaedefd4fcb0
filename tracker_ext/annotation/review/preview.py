"""A few small pictures of a sequence for the report: its least trusted masks, and the middle frame.

Frames are not kept, so the pictures are made while the masks are. Of each of a few stretches of the sequence the worst
frame is kept, so that the pictures are not neighbours of one another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ltr_ext.data.image_io import write_jpeg
from ltr_ext.output import OutputFolder
from tracker_ext.video.overlay import draw_overlay

NUM_WORST = 3
"""Pictures of the least trusted masks, each of another stretch."""
NUM_STRETCHES = 5
WIDTH, HEIGHT = 320, 200
"""Largest size of a picture in pixels; at quality 80 it has 10 to 20 kB."""
QUALITY = 80
MARGIN = 0.5
"""Part of the boxes' size that is shown around them on each side."""


@dataclass(frozen=True)
class Picture:
    """One overlay."""

    index: int
    """Number of the frame."""
    stem: str
    """Name of the frame's files without suffix."""
    badness: float
    """1 - least confidence of the frame's masks."""
    overlay: np.ndarray
    """[h, w, 3] uint8 RGB, at most `WIDTH` x `HEIGHT`."""


class PreviewCollector:
    """Takes the frames of a sequence in order and keeps the pictures of a few."""

    def __init__(self, num_frames: int) -> None:
        """Start a sequence of `num_frames` frames."""
        self._num_frames = num_frames
        self._worst: dict[int, Picture] = {}
        self._middle: Picture | None = None

    def add(
        self,
        index: int,
        stem: str,
        frame: np.ndarray | Callable[[], np.ndarray],
        labels: np.ndarray,
        boxes: Mapping[int, np.ndarray | None],
        confidences: Mapping[int, float],
    ) -> None:
        """Look at one frame.

        Args:
            index: number of the frame.
            stem: name of its files without suffix.
            frame: [H, W, 3] uint8 RGB, or a function that reads it, called only if a picture is made of it.
            labels: [H, W] uint8, pixel value = object id.
            boxes: object id -> [4] given box (x, y, w, h), pixels; None or nan where there is none.
            confidences: object id -> confidence of its mask; nan counts as unknown.
        """
        known = [value for value in confidences.values() if not math.isnan(value)]
        is_middle = self._middle is None and index >= self._num_frames // 2
        if not known and not is_middle:
            return
        badness = 1 - min(known, default=1.0)
        stretch = index * NUM_STRETCHES // max(self._num_frames, 1)
        held = self._worst.get(stretch)
        is_worse = bool(known) and (held is None or badness > held.badness)
        if is_worse or is_middle:
            picture = Picture(index, stem, badness, draw_preview(frame() if callable(frame) else frame, labels, boxes))
            if is_middle:
                self._middle = picture
            if is_worse:
                self._worst[stretch] = picture

    def pictures(self) -> list[Picture]:
        """The worst first, then the middle one; no frame twice."""
        worst = sorted(self._worst.values(), key=lambda picture: (-picture.badness, picture.index))[:NUM_WORST]
        middle = [] if self._middle is None else [self._middle]
        return worst + [picture for picture in middle if picture.index not in {shown.index for shown in worst}]


def write_preview(folder: str | Path, collector: PreviewCollector) -> list[Path]:
    """Write the pictures as `<rank>_<stem>.jpg`, rank from 1; older ones in the folder are replaced.

    Args:
        folder: `OUT/preview/<sequence>`; made if it is not there.
        collector: after the last frame.

    Returns:
        The files, the worst first.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = Path(folder)
    with OutputFolder(folder) as work:
        names = []
        for rank, picture in enumerate(collector.pictures(), start=1):
            names.append(f"{rank}_{picture.stem}.jpg")
            write_jpeg(work / names[-1], picture.overlay, quality=QUALITY)
    for older in folder.glob("*.jpg"):
        if older.name not in names:
            older.unlink()
    return [folder / name for name in names]


def draw_preview(frame: np.ndarray, labels: np.ndarray, boxes: Mapping[int, np.ndarray | None]) -> np.ndarray:
    """Masks and given boxes over the part of the frame where they are.

    Args:
        frame: [H, W, 3] uint8 RGB.
        labels: [H, W] uint8, pixel value = object id.
        boxes: object id -> [4] (x, y, w, h) or None or nan.

    Returns:
        [h, w, 3] uint8 RGB, at most `WIDTH` x `HEIGHT`.
    """
    given = {i: np.asarray(box, dtype=np.float64) for i, box in boxes.items() if box is not None}
    given = {i: box for i, box in given.items() if np.isfinite(box).all()}
    rows, columns = shown_region(list(given.values()), (frame.shape[0], frame.shape[1]))
    cut, ids = frame[rows, columns], labels[rows, columns]
    factor = min(WIDTH / cut.shape[1], HEIGHT / cut.shape[0])
    size = max(1, round(cut.shape[1] * factor)), max(1, round(cut.shape[0] * factor))
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    ids = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)
    moved = {i: (box - (columns.start, rows.start, 0, 0)) * factor for i, box in given.items()}
    return draw_overlay(small, ids, moved)


def shown_region(boxes: list[np.ndarray], image_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns around all boxes, in the shape of a picture where the image allows it; the image without boxes.

    Args:
        boxes: each [4] (x, y, w, h), pixels.
        image_hw: (height, width).
    """
    if not boxes:
        return slice(0, image_hw[0]), slice(0, image_hw[1])
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes])
    left, top = corners[:, :2].min(axis=0)
    right, bottom = corners[:, 2:].max(axis=0)
    width, height = (right - left) * (1 + 2 * MARGIN), (bottom - top) * (1 + 2 * MARGIN)
    width, height = max(width, height * WIDTH / HEIGHT, 32), max(height, width * HEIGHT / WIDTH, 20)
    return (
        _range((top + bottom) / 2, height, image_hw[0]),
        _range((left + right) / 2, width, image_hw[1]),
    )


def _range(centre: float, length: float, limit: int) -> slice:
    """`length` pixels around the centre, moved inside 0..limit, at most all of it."""
    length = min(length, limit)
    first = min(max(centre - length / 2, 0), limit - length)
    return slice(int(first), max(int(np.ceil(first + length)), int(first) + 1))
