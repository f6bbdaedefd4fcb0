"""Boxes made ready for the network, in one way for a video, a data set and a call from Python.

Shapes: F frames of a sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from ltr_ext.data.boxes import check_box
from ltr_ext.errors import UserError
from ltr_ext.program import as_called
from ltr_ext.text import counted
from tracker_ext.video.box_files import refuse_corners, refuse_relative

if TYPE_CHECKING:
    from tracker_ext.segmentation.boxed_sequence import BoxedSequence

DEFAULT_MAX_GAP = 60
"""Frames; a box every second of video is the sparsest in the field (YouTube-BoundingBoxes)."""

MAX_OBJECT_ID = 65534
"""Ids are pixels of a label map of 16 bits at most; what a format on disk holds is the format's matter."""

MOST_NAMED = 8
"""Objects that a note names."""

Bad = Literal["refuse", "skip"]
"""What is done with a box that is not finite, has no area or lies outside its frame."""


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
    notes: tuple[str, ...] = ()
    """What else the user should be told once."""
    follows: dict[int, np.ndarray] = field(default_factory=dict)
    """Object id -> [F] bool: frames without a mask that a tracker is to follow the object through."""

    @property
    def empty(self) -> dict[int, int]:
        """Object id -> frames on which it gets no mask."""
        made = {i: has_box(track) | self.follows.get(i, np.zeros(len(track), bool)) for i, track in self.boxes.items()}
        return {object_id: int((~flags).sum()) for object_id, flags in made.items()}


def prepare(
    sequence: BoxedSequence, max_gap: int = DEFAULT_MAX_GAP, bad: Bad = "refuse", follow: bool = False
) -> PreparedBoxes:
    """Check a sequence's boxes against its frames, and fill the frames between boxed ones; see `prepare_tracks`.

    Raises:
        UserError: an unreadable frame, or boxes as in `prepare_tracks`.
    """
    return prepare_tracks(
        sequence.name, sequence.boxes, sequence.absent, sequence.frames.sizes(), max_gap, bad, sequence.notes, follow
    )


def prepare_tracks(
    name: str,
    boxes: Mapping[int, np.ndarray],
    absent: Mapping[int, np.ndarray],
    sizes: Sequence[tuple[int, int]] | None,
    max_gap: int = DEFAULT_MAX_GAP,
    bad: Bad = "refuse",
    notes: Sequence[str] = (),
    follow: bool = False,
) -> PreparedBoxes:
    """Check boxes, and fill the frames between boxed ones.

    A frame without a box, not marked absent, between two boxed frames that are at most `max_gap` frames apart gets an
    interpolated box. Beyond the last box none is invented.

    Args:
        name: of the sequence.
        boxes: object id -> [F, 4] (x, y, w, h), image pixels; nan where none is given.
        absent: object id -> [F] bool: the object is not to be seen; a box there counts for nothing.
        sizes: (height, width) of the frames; None if they are not known yet. Then `annotate` refuses bad boxes.
        max_gap: in frames of the sequence; 0 or 1 fills nothing.
        bad: what is done with a box that is not finite, has no area or lies outside its frame.
        notes: to be handed on.
        follow: whether a tracker makes the masks of frames beyond the last box, and of gaps that are not filled.

    Raises:
        UserError: another number of boxes than of frames, boxes that are parts of the frame or corners, not one usable
            box, or a bad one that is to be refused.
    """
    flags = {i: np.asarray(absent.get(i, np.zeros(len(track), bool))) for i, track in boxes.items()}
    tracks = {i: np.where(flags[i][:, None], np.nan, track) for i, track in sorted(boxes.items())}
    num_frames = len(next(iter(tracks.values()), ()))
    if sizes is not None and tracks and len(sizes) != num_frames:
        raise UserError(
            f"{name}: {counted(len(sizes), 'frame')} for {counted(num_frames, 'box')}; give one box per frame"
        )
    refuse_relative(tracks, name)
    if sizes is not None:
        refuse_corners(tracks, sizes, name)
    skipped = _check(tracks, sizes, name, bad) if sizes is not None else []
    given = {i: has_box(track) for i, track in tracks.items()}
    seen = [i for i in tracks if given[i].any()]
    if not seen and skipped:
        raise UserError(f"{name}: not one usable box: {skipped[0]}; correct its boxes")
    if not seen:
        raise UserError(f"{name}: there is not one box; give x,y,w,h for at least one frame")
    # An object without a box anywhere has no say and no mask.
    notes = [*notes, *(f"object {i} has no box, and gets no masks" for i in tracks if i not in seen)]
    beyond = {i: int((~flags[i][int(np.flatnonzero(given[i])[-1]) + 1 :]).sum()) for i in seen}
    if any(beyond.values()) and not follow:
        one = sum(beyond.values()) == 1 or set(beyond.values()) == {1}
        notes.append(
            f"{frames_of(beyond)} beyond the last box {'has' if one else 'have'} no masks; "
            + as_called("run_annotate.py video ... --follow makes them, with a tracker")
        )
    filled = {i: fill_gaps(tracks[i], flags[i], max_gap) for i in seen}
    wider = {i: fill_gaps(tracks[i], flags[i], num_frames) for i in seen}
    gaps = {i: int((~has_box(filled[i]) & has_box(wider[i])).sum()) for i in seen}
    if any(gaps.values()) and not follow:
        notes.append(f"{frames_of(gaps)} in gaps longer than --max-gap {max_gap} left empty")
    return PreparedBoxes(
        filled,
        {i: given[i] for i in seen},
        list(sizes or ()),
        skipped,
        tuple(notes),
        {i: to_follow(has_box(filled[i]), flags[i]) for i in seen} if follow else {},
    )


def _check(tracks: dict[int, np.ndarray], sizes: Sequence[tuple[int, int]], name: str, bad: Bad) -> list[str]:
    """Refuse bad boxes, or make them nan; returns what was wrong with those."""
    skipped: list[str] = []
    for object_id, track in tracks.items():
        for index in np.flatnonzero(~np.isnan(track).all(axis=1)).tolist():
            what = f"frame {index}" + (f" object {object_id}" if len(tracks) > 1 else "")
            height, width = sizes[index]
            try:
                check_box(track[index], height=height, width=width, name=what)
            except UserError as error:
                if bad == "refuse":
                    raise UserError(f"{name} {error}") from None
                skipped.append(str(error))
                track[index] = np.nan
    return skipped


def has_box(track: np.ndarray) -> np.ndarray:
    """[F] bool: rows of [F, 4] that hold a box."""
    return np.asarray(np.isfinite(track).all(axis=1))


def frames_of(counts: Mapping[int, int]) -> str:
    """`3 frames`, or `3 frames of object 1, 5 frames of object 2` where objects differ.

    Args:
        counts: object id -> frames, of all objects.
    """
    if len(set(counts.values())) == 1:
        return counted(next(iter(counts.values())), "frame")
    parts = [f"{counted(count, 'frame')} of object {i}" for i, count in counts.items() if count]
    more = len(parts) - MOST_NAMED
    return ", ".join(parts[:MOST_NAMED]) + (f" and of {counted(more, 'more object')}" if more > 0 else "")


def to_follow(boxed: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Frames through which an object can be followed: without a box, and not since it was last said to be absent.

    Args:
        boxed, absent: [F] bool.

    Returns:
        [F] bool.
    """
    frames = np.arange(len(boxed))
    last_box, last_absent = (np.maximum.accumulate(np.where(flags, frames, -1)) for flags in (boxed, absent))
    return np.asarray(~boxed & (last_box > last_absent))


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
    ends = np.flatnonzero(has_box(track)).tolist()
    for before, after in pairwise(ends):
        if 1 < after - before <= max_gap and not absent[before:after].any():
            part = np.arange(1, after - before)[:, None] / (after - before)
            filled[before + 1 : after] = (1 - part) * track[before] + part * track[after]
    return filled


def check_tracks(boxes: np.ndarray | Mapping[int, np.ndarray], name: str) -> dict[int, np.ndarray]:
    """Bring boxes into one form.

    Args:
        boxes: [F, 4] (x, y, w, h), image pixels, of object 1; or object id -> [F, 4]. A nan row means no box.
        name: what messages call the clip.

    Returns:
        Object id -> [F, 4] float64, ids ascending.

    Raises:
        UserError: wrong shape or id, objects with different numbers of frames, no box at all.
    """
    by_id = dict(sorted(boxes.items())) if isinstance(boxes, Mapping) else {1: boxes}
    checked = {}
    for object_id, given in by_id.items():
        track = np.asarray(given, dtype=np.float64)
        if track.ndim != 2 or track.shape[1] != 4:
            raise UserError(f"{name}: boxes of object {object_id} have shape {track.shape}; give one x,y,w,h per frame")
        if not 1 <= object_id <= MAX_OBJECT_ID:
            raise UserError(f"{name}: object id {object_id}; ids run from 1 to {MAX_OBJECT_ID}")
        checked[object_id] = track
    if len({len(track) for track in checked.values()}) > 1:
        counts = {object_id: len(track) for object_id, track in checked.items()}
        raise UserError(f"{name}: objects have different numbers of boxes {counts}; give one per frame, nan if absent")
    if not any(np.isfinite(track).any() for track in checked.values()):
        raise UserError(f"{name}: there is not one box; give x,y,w,h for at least one frame")
    return checked


def check_frame(tracks: Mapping[int, np.ndarray], index: int, image_hw: tuple[int, int], name: str) -> None:
    """Refuse a bad box of one frame.

    Raises:
        UserError: not finite, no area, or wholly outside the image.
    """
    for object_id, track in tracks.items():
        if not np.isnan(track[index]).all():
            what = f"{name} frame {index}" + (f" object {object_id}" if len(tracks) > 1 else "")
            check_box(track[index], height=image_hw[0], width=image_hw[1], name=what)
