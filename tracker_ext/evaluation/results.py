"""A tracker's stored results of one sequence, read back.

<masks_root>/<seq>/<frame stem>.png          id mask (0/1 for a single-object sequence)
<boxes_root>/<seq>[_<id>].txt                x y w h per frame
<boxes_root>/<seq>[_<id>]_time.txt           seconds per frame
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError


class ClipSequence(Protocol):
    """The part of the host's `Sequence` that scoring reads."""

    name: str
    frames: list[str]
    ground_truth_rect: np.ndarray | dict[str, np.ndarray]
    ground_truth_seg: list[str | None] | None
    object_ids: list[str] | None
    multiobj_mode: bool


def true_boxes(sequence: ClipSequence) -> dict[int, np.ndarray]:
    """Ground-truth boxes: object id -> [N, 4] (x, y, w, h), pixels; nan rows where absent.

    The host marks absent objects in more than one way; every box without area becomes nan.
    """
    rects = sequence.ground_truth_rect
    if not isinstance(rects, dict):
        rects = {(sequence.object_ids or ["1"])[0]: rects}
    boxes = {}
    for object_id, track in rects.items():
        track = np.array(track, dtype=np.float64)
        track[~(np.isfinite(track).all(axis=1) & (track[:, 2:] > 0).all(axis=1))] = np.nan
        boxes[int(object_id)] = track
    return boxes


def first_frames(boxes: dict[int, np.ndarray]) -> dict[int, int]:
    """Object id -> the frame on which it is first seen; objects never seen are left out."""
    seen = {object_id: np.flatnonzero(np.isfinite(track).all(axis=1)) for object_id, track in boxes.items()}
    return {object_id: int(frames[0]) for object_id, frames in seen.items() if frames.size}


@dataclass(frozen=True)
class StoredResult:
    """Where the results of one sequence lie."""

    sequence: ClipSequence
    masks_root: Path
    boxes_root: Path

    def has_masks(self) -> bool:
        """Whether the tracker wrote masks at all."""
        return (self.masks_root / self.sequence.name).is_dir()

    def has_boxes(self) -> bool:
        """Whether there is a box file of each object."""
        names = [self._name(object_id) for object_id in true_boxes(self.sequence)]
        return all((self.boxes_root / f"{name}.txt").is_file() for name in names)

    def labels(self, index: int) -> np.ndarray:
        """Predicted labels of a frame: [H, W] uint8, pixel value = object id.

        Raises:
            UserError: the file is missing or no picture.
        """
        labels = read_mask(self.masks_root / self.sequence.name / f"{Path(self.sequence.frames[index]).stem}.png")
        if not self.sequence.multiobj_mode:
            # Single-object sequences are stored as 0/1, whatever the id in the ground truth.
            labels = np.where(labels > 0, next(iter(true_boxes(self.sequence))), 0).astype(np.uint8)
        return labels

    def boxes(self) -> dict[int, np.ndarray]:
        """Predicted boxes: object id -> [N, 4], nan before the object enters.

        Raises:
            UserError: a file is missing, malformed or of another length.
        """
        truth = true_boxes(self.sequence)
        starts = first_frames(truth)
        return {i: self._track(self._name(i), starts.get(i, 0)) for i in truth}

    def seconds_per_frame(self) -> float | None:
        """Mean time per frame, the first one included; of several objects the sum. None if not stored."""
        names = [self.sequence.name] + [self._name(object_id) for object_id in true_boxes(self.sequence)]
        files = [self.boxes_root / f"{name}_time.txt" for name in dict.fromkeys(names)]
        times = [read_table(path, columns=1) for path in files if path.is_file()]
        return float(sum(time.sum() for time in times)) / len(self.sequence.frames) if times else None

    def _name(self, object_id: int) -> str:
        return f"{self.sequence.name}_{object_id}" if self.sequence.multiobj_mode else self.sequence.name

    def _track(self, name: str, start: int) -> np.ndarray:
        path, count = self.boxes_root / f"{name}.txt", len(self.sequence.frames)
        track = read_table(path, columns=4)
        if len(track) == count - start:
            # The host stores nothing before an object enters.
            track = np.concatenate([np.full((start, 4), np.nan), track])
        if len(track) != count:
            raise UserError(f"result file {path}: {len(track)} boxes for {count} frames; delete it and track again")
        return track


def missing_results(sequences: SequenceOf[ClipSequence], masks_root: Path, boxes_root: Path) -> list[str]:
    """Names of the sequences without a complete set of box files; of results that are masks alone, without masks."""
    stored = [StoredResult(sequence, masks_root, boxes_root) for sequence in sequences]
    with_boxes = any(result.has_boxes() for result in stored)
    return [result.sequence.name for result in stored if not (result.has_boxes() if with_boxes else result.has_masks())]


def read_table(path: Path, columns: int) -> np.ndarray:
    """[N, columns] float64 from a file of numbers, tab, comma or space between.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    try:
        rows = [line.replace(",", " ").split() for line in path.read_text().splitlines() if line.strip()]
        table = np.array(rows, dtype=np.float64).reshape(-1, columns)
    except (OSError, ValueError) as error:
        raise UserError(f"result file {path} cannot be read ({error}); delete it and track again") from error
    return table
