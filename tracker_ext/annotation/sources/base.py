"""What every data set of boxes looks like to the annotation job: sequences of frames with boxes on some of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ltr_ext.data.boxes import check_box
from ltr_ext.errors import UserError
from tracker_ext.evaluation.frames import Pictures, VideoFrames


@dataclass(frozen=True)
class BoxedSequence:
    """One sequence as its data set gives it."""

    name: str
    frames: Pictures | VideoFrames
    numbers: tuple[int, ...]
    """[F] number of each frame in the names of upstream's mask files."""
    boxes: Mapping[int, np.ndarray]
    """Object id -> [F, 4] float64 (x, y, w, h), image pixels; nan where no box is given."""
    absent: Mapping[int, np.ndarray] = field(default_factory=dict)
    """Object id -> [F] bool: the data set says that the object is not to be seen. Elsewhere a nan row says nothing."""
    objects: Mapping[int, str] = field(default_factory=dict)
    """Object id -> what the data set calls it, where ids had to be renumbered or a class is known."""
    frame_step: int = 1
    """Frames of the video from one of `frames` to the next."""

    def thinned(self, every: int, most: int | None) -> BoxedSequence:
        """Every K-th frame, and at most so many."""
        chosen = slice(0, None if most is None else every * most, every)
        return replace(
            self,
            frames=self.frames.thinned(chosen),
            numbers=self.numbers[chosen],
            boxes={object_id: track[chosen] for object_id, track in self.boxes.items()},
            absent={object_id: flags[chosen] for object_id, flags in self.absent.items()},
            frame_step=self.frame_step * every,
        )

    def input_hash(self) -> str:
        """First 16 hexadecimal digits of a SHA-256 over the boxes, the flags, and names and lengths of the files."""
        digest = hashlib.sha256(self.frames.fingerprint().encode(errors="surrogateescape"))
        for tracks in (self.boxes, self.absent):
            for object_id, values in sorted(tracks.items()):
                digest.update(f"\n{object_id} {values.shape}".encode())
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()[:16]


class Source(Protocol):
    """A data set of boxes. Small and picklable: it goes to worker processes and other machines."""

    def names(self) -> list[str]:
        """Names of all sequences, without reading their boxes."""

    def load(self, name: str) -> BoxedSequence:
        """Read one sequence's boxes and list its frames.

        Raises:
            UserError: missing or unreadable files, counts that differ, malformed boxes.
        """


class PickledByFields:
    """Base of sources that keep tables they have read: those stay behind when the source goes to another process."""

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class PreparedBoxes:
    """A sequence's boxes, ready for the network."""

    boxes: dict[int, np.ndarray]
    """Object id -> [F, 4], nan where the object gets no mask."""
    given: dict[int, np.ndarray]
    """Object id -> [F] bool; false where the box is interpolated, or there is none."""
    sizes: list[tuple[int, int]]
    """(height, width) of the frames."""
    skipped: list[str]
    """Boxes that could not be used, and why."""


def prepare_boxes(sequence: BoxedSequence, max_gap: int) -> PreparedBoxes:
    """Leave out what cannot be used, and fill the frames between boxed ones.

    A box that is not finite, has no area or lies outside its frame is left out and reported. A frame without a box,
    not marked absent, between two boxed frames that are at most `max_gap` frames apart gets an interpolated box.

    Args:
        sequence: as loaded.
        max_gap: in frames of the sequence; 0 or 1 fills nothing.

    Raises:
        UserError: an unreadable frame, too many objects, or not one usable box.
    """
    sizes = sequence.frames.sizes()
    boxes: dict[int, np.ndarray] = {}
    given: dict[int, np.ndarray] = {}
    skipped: list[str] = []
    for object_id, raw in sorted(sequence.boxes.items()):
        track = raw.copy()
        absent = sequence.absent.get(object_id, np.zeros(len(track), bool))
        track[absent] = np.nan
        for index in np.flatnonzero(~np.isnan(track).all(axis=1)).tolist():
            try:
                check_box(
                    track[index],
                    height=sizes[index][0],
                    width=sizes[index][1],
                    name=f"frame {index} object {object_id}",
                )
            except UserError as error:
                skipped.append(str(error))
                track[index] = np.nan
        given[object_id] = np.isfinite(track).all(axis=1)
        boxes[object_id] = fill_gaps(track, absent, max_gap)
    if not any(flags.any() for flags in given.values()):
        reason = f": {skipped[0]}" if skipped else ""
        raise UserError(f"{sequence.name}: not one usable box{reason}; correct its boxes")
    # An object without a box anywhere has no say and no mask.
    seen = [object_id for object_id in boxes if given[object_id].any()]
    return PreparedBoxes({i: boxes[i] for i in seen}, {i: given[i] for i in seen}, sizes, skipped)


def fill_gaps(track: np.ndarray, absent: np.ndarray, max_gap: int) -> np.ndarray:
    """Interpolate boxes linearly over frames that have none.

    Args:
        track: [F, 4] (x, y, w, h), nan where there is no box.
        absent: [F] bool: a gap with one of these is left open.
        max_gap: longest distance between two neighbouring boxes that is filled, in frames.

    Returns:
        [F, 4], a copy.
    """
    filled = track.copy()
    boxed = np.flatnonzero(np.isfinite(track).all(axis=1))
    for before, after in zip(boxed[:-1].tolist(), boxed[1:].tolist(), strict=True):
        if 1 < after - before <= max_gap and not absent[before:after].any():
            part = np.arange(1, after - before)[:, None] / (after - before)
            filled[before + 1 : after] = (1 - part) * track[before] + part * track[after]
    return filled


def frame_numbers(paths: Sequence[Path]) -> tuple[int, ...]:
    """The numbers in the pictures' names if all have one and no two the same, else their positions counted from 1."""
    numbers = tuple(number_of(path.stem, index) for index, path in enumerate(paths))
    named = all(path.stem.isascii() and path.stem.isdigit() for path in paths)
    return numbers if named and len(set(numbers)) == len(paths) else tuple(range(1, len(paths) + 1))


def mask_stems(frames: Pictures | VideoFrames) -> list[str]:
    """Names of the mask files of the frames: the pictures' own, or where two are the same, %08d of their positions."""
    stems = frames.stems()
    return stems if len(set(stems)) == len(stems) else [f"{index:08d}" for index in range(len(stems))]


def number_of(stem: str, index: int) -> int:
    """The number in a frame's file name if it is one, else its position counted from 1."""
    return int(stem) if stem.isascii() and stem.isdigit() else index + 1
