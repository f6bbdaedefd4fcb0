"""A sequence of frames with boxes on some of them: what clips and data sets alike are read into."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tracker_ext.video.frames import FrameSource


@dataclass(frozen=True)
class BoxedSequence:
    """One sequence as its data set gives it."""

    name: str
    frames: FrameSource
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
    notes: tuple[str, ...] = ()
    """What the user should be told once."""

    def thinned(self, every: int, max_frames: int | None) -> BoxedSequence:
        """Every K-th frame, and at most `max_frames` of them; None for all."""
        chosen = slice(0, None if max_frames is None else every * max_frames, every)
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


def frame_numbers(paths: Sequence[Path]) -> tuple[int, ...]:
    """The numbers in the pictures' names if all have one and no two the same, else their positions counted from 1."""
    numbers = tuple(number_of(path.stem, index) for index, path in enumerate(paths))
    named = all(path.stem.isascii() and path.stem.isdigit() for path in paths)
    return numbers if named and len(set(numbers)) == len(paths) else tuple(range(1, len(paths) + 1))


def mask_stems(frames: FrameSource) -> list[str]:
    """Names of the mask files of the frames: the pictures' own, or where two are the same, %08d of their positions."""
    stems = frames.stems()
    return stems if len(set(stems)) == len(stems) else [f"{index:08d}" for index in range(len(stems))]


def number_of(stem: str, index: int) -> int:
    """The number in a frame's file name if it is one, else its position counted from 1."""
    return int(stem) if stem.isascii() and stem.isdigit() else index + 1
