"""A tracker's stored results of one sequence, read back.

<masks_root>/<seq>/<frame stem>.png          id mask (with one object: all that is not background)
<boxes_root>/<seq>[_<id>].txt                x y w h per frame, or as the toolkits have it, see `result_files`
<boxes_root>/<seq>[_<id>]_time.txt           seconds per frame
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask, value_counts
from ltr_ext.errors import UserError
from ltr_ext.text import some
from tracker_ext.evaluation.result_files import find_boxes, find_times, read_result, read_times

MASK_SUFFIXES = (".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".jpg", ".jpeg")
"""The first of them that a frame has is taken."""


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

    The host marks absent objects in more than one way; every box without area becomes nan. It also has a box for what
    is "undecided"; 255 is an object only if nothing else is.
    """
    rects = sequence.ground_truth_rect
    if not isinstance(rects, dict):
        rects = {(sequence.object_ids or ["1"])[0]: rects}
    boxes = {}
    for object_id, track in rects.items():
        track = np.array(track, dtype=np.float64)
        track[~(np.isfinite(track).all(axis=1) & (track[:, 2:] > 0).all(axis=1))] = np.nan
        boxes[int(object_id)] = track
    if len(boxes) > 1:
        boxes.pop(IGNORE_LABEL, None)
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
        return bool(self._masks)

    def has_boxes(self) -> bool:
        """Whether there is a box file of each object."""
        return all(self._box_file(object_id) for object_id in self._truth)

    def check_masks(self, frames: Collection[int]) -> None:
        """Refuse masks that do not fit the frames.

        Args:
            frames: indices of those whose masks are wanted.

        Raises:
            UserError: a mask is missing, or the masks are named after other frames.
        """
        absent = [index for index in range(len(self.sequence.frames)) if not self.has_mask(index)]
        if self._masks and len(absent) == len(self.sequence.frames):
            raise UserError(
                f"{self._place}: named as {self._masks[self._spare[0]].name}, which is none of the frames "
                f"({Path(self.sequence.frames[0]).name}, ...); name them as the frames, {self._stem(0)}.png"
            )
        if absent and self._spare:
            # Numbered from 1 instead of 0, say: what has a name in common is the wrong frame.
            raise UserError(
                f"{self._place}: {self._masks[self._spare[0]].name} fits no frame, and frame {self._stem(absent[0])} "
                "has no mask; name masks as their frames, and delete those of other clips"
            )
        if missing := sorted(set(frames).intersection(absent)):
            raise UserError(
                f"{self._place}: {len(missing)} of {len(frames)} scored frames have no mask "
                f"({some([self._stem(index) for index in missing])}); track again, or put them there"
            )

    def check_ids(self) -> None:
        """Refuse masks from which the sequence's objects cannot be told.

        Raises:
            UserError: they hold 0 and 255 alone for several objects, or none of the objects' ids.
        """
        if len(self._truth) == 1:
            self._ids_of_one  # noqa: B018, it raises
            return
        remedy = f"the truth has objects {some(self._truth)}; write the objects' ids as pixel values"
        white = [index for index, values in self._values.items() if values == {IGNORE_LABEL}]
        if white:
            raise UserError(f"{self._place}: 0 and 255 alone (frame {self._stem(white[0])}), {remedy}")
        if self._all_values and self._all_values.isdisjoint(self._truth):
            raise UserError(f"{self._place}: ids {some(sorted(self._all_values))}, {remedy}")

    def has_mask(self, index: int) -> bool:
        """Whether a frame has a mask."""
        return self._stem(index) in self._masks

    def labels(self, index: int) -> np.ndarray:
        """Predicted labels of a frame that `has_mask`: [H, W] uint8, pixel value = object id.

        Raises:
            UserError: the file is no picture, or its values are no ids of this sequence.
        """
        labels = read_mask(self._masks[self._stem(index)])
        if len(self._truth) != 1:
            return labels
        # 0 and 255 are one object, also on the frame that was copied from the truth.
        ids = [IGNORE_LABEL] if self._values[index] == {IGNORE_LABEL} else self._ids_of_one
        return np.where(np.isin(labels, ids), next(iter(self._truth)), 0).astype(np.uint8)

    def notes(self) -> list[str]:
        """What is not counted of the masks and what they lack, a sentence each."""
        if not self.has_masks():
            return []
        name = self.sequence.name
        notes = []
        if self._spare:
            notes.append(f"{name}: {len(self._spare)} masks fit no frame ({some(self._spare)}) and are not counted")
        if not self._all_values:
            notes.append(f"{name}: all masks are empty")
        elif len(self._truth) > 1 and (unseen := sorted(set(self._truth) - self._all_values)):
            notes.append(f"{name}: no mask has ids {some(unseen)} of the truth")
        ids = set(self._ids_of_one) if len(self._truth) == 1 else set(self._truth)
        if unknown := sorted(self._all_values - ids - {IGNORE_LABEL}):
            notes.append(f"{name}: ids {some(unknown)} of the masks are none of the truth's and count as background")
        return notes

    def boxes(self) -> dict[int, np.ndarray]:
        """Predicted boxes: object id -> [N, 4], nan before the object enters.

        Raises:
            UserError: a file is missing, malformed or of another length.
        """
        starts, count = first_frames(self._truth), len(self.sequence.frames)
        return {
            i: read_result(self._box_file(i) or self.boxes_root / f"{self._names(i)[0]}.txt", count, starts.get(i, 0))
            for i in self._truth
        }

    def seconds_per_frame(self) -> float | None:
        """Mean time per frame, the first one included; of several objects the sum. None if not stored."""
        names = [self.sequence.name] + [name for object_id in self._truth for name in self._names(object_id)]
        files = [find_times(self.boxes_root, name) for name in dict.fromkeys(names)]
        times = [read_times(path) for path in files if path is not None]
        return float(sum(time.sum() for time in times)) / len(self.sequence.frames) if times else None

    @property
    def _place(self) -> str:
        """What messages call the masks."""
        return f"masks of {self.sequence.name} in {self.masks_root / self.sequence.name}"

    @cached_property
    def _truth(self) -> dict[int, np.ndarray]:
        return true_boxes(self.sequence)

    @cached_property
    def _masks(self) -> dict[str, Path]:
        """Stem -> mask file, whatever its frame."""
        folder = self.masks_root / self.sequence.name
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        for_suffix = {suffix: [path for path in files if path.suffix.lower() == suffix] for suffix in MASK_SUFFIXES}
        return {path.stem: path for suffix in reversed(MASK_SUFFIXES) for path in for_suffix[suffix]}

    @cached_property
    def _spare(self) -> list[str]:
        """Stems of masks that fit no frame."""
        return sorted(set(self._masks) - {self._stem(index) for index in range(len(self.sequence.frames))})

    @cached_property
    def _values(self) -> dict[int, set[int]]:
        """Frame with a mask -> the values in it, but 0."""
        found = {}
        for index in filter(self.has_mask, range(len(self.sequence.frames))):
            counts = value_counts(read_mask(self._masks[self._stem(index)]))
            found[index] = set((np.flatnonzero(counts[1:]) + 1).tolist())
        return found

    @cached_property
    def _all_values(self) -> set[int]:
        return set().union(*self._values.values())

    @cached_property
    def _ids_of_one(self) -> list[int]:
        """The values that mean the object of a sequence that has only one.

        Trackers store 0 and 1 or 0 and 255, whatever the id in the truth; one of several ids is chosen only where the
        truth says which, and all of them where the truth has all objects as one (DAVIS 2016).

        Raises:
            UserError: it cannot be told.
        """
        (true_id,) = self._truth
        ids = sorted(self._all_values - {IGNORE_LABEL})
        if not ids:
            return [IGNORE_LABEL]
        if true_id in ids:
            return [true_id]
        if len(ids) == 1 or true_id == IGNORE_LABEL:
            return ids
        raise UserError(
            f"{self._place}: ids {some(ids)}, the truth has one object, {true_id}; write that id as pixel value"
        )

    def _stem(self, index: int) -> str:
        return Path(self.sequence.frames[index]).stem

    def _names(self, object_id: int) -> list[str]:
        """What the files of an object may be called, the host's name first; with one object the id may be missing."""
        names = [f"{self.sequence.name}_{object_id}", self.sequence.name]
        if len(self._truth) > 1:
            return names[:1]
        return names if self.sequence.multiobj_mode else names[::-1]

    def _box_file(self, object_id: int) -> Path | None:
        return next(filter(None, (find_boxes(self.boxes_root, name) for name in self._names(object_id))), None)


def found_results(
    dataset: SequenceOf[ClipSequence], masks_root: Path, boxes_root: Path
) -> tuple[list[StoredResult], list[str]]:
    """The results that are there, and a note on the sequences that have neither masks nor a complete set of box files.

    Raises:
        UserError: no sequence has any.
    """
    results = [StoredResult(sequence, masks_root, boxes_root) for sequence in dataset]
    stored = [result for result in results if result.has_boxes() or result.has_masks()]
    found = {result.sequence.name for result in stored}
    missing = [sequence.name for sequence in dataset if sequence.name not in found]
    if not stored:
        raise UserError(
            f"results in {boxes_root}: none of the {len(dataset)} sequences ({some(missing)}) has any; they are "
            "<sequence>.txt (of several objects <sequence>_<id>.txt) or masks/<sequence>/<frame>.png: check the "
            "folder, or track first"
        )
    note = f"{len(missing)} of {len(dataset)} sequences have no results: {some(missing, 20)}; scored {len(stored)}"
    return stored, [note] if missing else []


def find_masks(results: Path) -> Path:
    """Where the masks of a folder of boxes are: inside it, or where `run_tracker.py` puts them."""
    for inside in ("masks", "Annotations/480p", "Annotations"):
        if (results / inside).is_dir():
            return results / inside
    place = results.resolve()
    if len(place.parts) > 3 and place.parents[1].name == "tracking_results":
        return place.parents[2] / "segmentation_results" / place.parent.name / place.name
    return results
