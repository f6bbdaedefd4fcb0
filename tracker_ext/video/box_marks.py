"""What the files of annotation tools say, brought onto the frames of a clip: tracks of keyframes, or boxes by frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.video.box_rows import Box, GivenBoxes, read_box
from tracker_ext.video.box_text import mistake
from tracker_ext.video.frame_names import picture_at, places_of, stem_of

ZERO_BASED = re.compile(r"frame_\d+")
"""How CVAT names the frames of a video."""


@dataclass(frozen=True)
class ClipFacts:
    """What the reader of a box file may know of the clip."""

    num_frames: int
    stems: Sequence[str] | None = None
    """Names of the pictures without suffix, in order; None for a video."""
    sizes: Callable[[], Sequence[tuple[int, int]]] | None = None
    """Gives (height, width) of every frame, pixels."""
    name: str = ""

    def frame_sizes(self, path: Path) -> Sequence[tuple[int, int]]:
        """(height, width) of every frame.

        Raises:
            UserError: not known, where a file's numbers are parts of the frame.
        """
        if self.sizes is None:
            raise mistake(
                path, "has boxes in parts of the frame, whose size is not known here; write x,y,w,h in pixels"
            )
        return self.sizes()

    def check_size(self, path: Path, where: str, frame: int, said: tuple[int, int] | None) -> None:
        """Refuse boxes for frames of another size.

        Args:
            path: of the box file.
            where: in it.
            frame: of the clip.
            said: (height, width) in the file; None where it says none.

        Raises:
            UserError: they differ.
        """
        if said is None or self.sizes is None:
            return
        try:
            size = self.sizes()[frame]
        except UserError:  # a picture without a readable header: reading it will say so
            return
        if size != said:
            raise mistake(
                path, f"is for frames of {said[1]}x{said[0]}, the clip's have {size[1]}x{size[0]}; give the clip that "
                "was annotated", where,
            )  # fmt: skip


@dataclass
class Track:
    """One object of an annotation tool."""

    own: str
    """What the tool calls it."""
    marks: dict[int, Box | None] = field(default_factory=dict)
    """Frame -> its box; None: from here on it is not to be seen."""


def given_of_tracks(path: Path, tracks: Sequence[Track], num_frames: int, notes: Iterable[str] = ()) -> GivenBoxes:
    """Keyframes as boxes of all frames: between two of them the box moves evenly, behind the last one it stays, and
    before the first one, and from a mark without a box on, the object is absent.

    Args:
        path: for messages.
        tracks: at least one mark each; objects get ids 1, 2, ... in this order.
        num_frames: F.
        notes: to hand on.

    Raises:
        UserError: no tracks, or a frame that the clip has not.
    """
    if not any(track.marks for track in tracks):
        raise mistake(path, "has no boxes of objects; give another file")
    boxes, absent, objects = {}, {}, {}
    for number, track in enumerate((track for track in tracks if track.marks), 1):
        late = max(track.marks)
        # A mark behind the end says only that the object is gone there.
        if (late >= num_frames and (late > num_frames or track.marks[late] is not None)) or min(track.marks) < 0:
            wrong = late if late >= num_frames else min(track.marks)
            raise mistake(path, f"frame {wrong} of {counted(num_frames, 'frame')}; frames count from 0", track.own)
        boxes[number] = _moved(track.marks, num_frames)
        absent[number] = np.isnan(boxes[number]).all(axis=1)
        objects[number] = track.own
    return GivenBoxes(boxes, absent, objects, names_frames=True, notes=tuple(notes), counts_frames=True)


def _moved(marks: Mapping[int, Box | None], num_frames: int) -> np.ndarray:
    """[F, 4] boxes, nan where the object is not to be seen."""
    boxes = np.full((num_frames, 4), np.nan)
    frames = sorted(frame for frame in marks if frame < num_frames)
    for frame, after in zip(frames, [*frames[1:], num_frames], strict=True):
        box, coming = marks[frame], marks.get(after)
        if box is None:
            continue
        start = np.array(box)
        if coming is None or after == num_frames:
            boxes[frame:after] = start
        else:
            shares = (np.arange(frame, after) - frame) / (after - frame)
            boxes[frame:after] = start + shares[:, None] * (np.array(coming) - start)
    return boxes


def given_of_frames(
    path: Path, found: Mapping[str, Mapping[int, Box]], looked_at: Iterable[int], num_frames: int,
    notes: Iterable[str] = (),
) -> GivenBoxes:  # fmt: skip
    """Boxes that are there frame by frame: an object is absent from frames that were looked at without it; of other
    frames nothing is said.

    Args:
        path: for messages.
        found: what the tool calls an object -> frame -> its box.
        looked_at: frames that have an entry in the file, be it without boxes.
        num_frames: F.
        notes: to hand on.

    Raises:
        UserError: not one box.
    """
    if not any(found.values()):
        raise mistake(path, "has no boxes of objects; give another file")
    seen = np.zeros(num_frames, bool)
    seen[list(looked_at)] = True
    boxes, absent, objects = {}, {}, {}
    for number, own in enumerate(sorted(found, key=_by_number), 1):
        boxes[number] = np.full((num_frames, 4), np.nan)
        for frame, box in found[own].items():
            boxes[number][frame] = box
        absent[number] = seen & np.isnan(boxes[number]).all(axis=1)
        objects[number] = own
    same = all(str(number) == own for number, own in objects.items())
    return GivenBoxes(boxes, absent, {} if same else objects, names_frames=True, notes=tuple(notes))


def _by_number(own: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which numbers within a name compare as numbers."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", own))


def frames_by_name(path: Path, names: Sequence[str], clip: ClipFacts) -> list[int]:
    """The frames of the clip that files or entries are of, by their names.

    A name is a picture's, with or without folder and suffix; or there are as many as frames; or, of a video, it ends in
    the number of its frame: from 0 if one is 0 or it is CVAT's `frame_000012`, from 1 if the last is the number of
    frames.

    Args:
        path: for messages.
        names: of the entries, in natural order, no two alike.
        clip: what is known of it.

    Raises:
        UserError: which frame is meant cannot be told.
    """
    stems = [stem_of(name) for name in names]
    place = places_of(clip.stems or ())
    known = [picture_at(name, place) for name in names]
    if None not in known and names:
        return [frame for frame in known if frame is not None]
    if len(names) == clip.num_frames and len(set(stems)) == len(stems):
        return list(range(len(names)))
    wrong = names[known.index(None)] if None in known else ""
    if clip.stems is not None:
        raise mistake(path, f"{wrong} is of no picture of the clip ({clip.stems[0]}, ...); name them alike")
    ends = [re.search(r"[0-9]{1,15}$", stem) for stem in stems]
    numbers = [int(end[0]) for end in ends if end]
    if len(numbers) == len(names) and len(set(numbers)) == len(names):
        cvat = all(ZERO_BASED.fullmatch(stem) for stem in stems)
        if max(numbers) < clip.num_frames and (min(numbers) == 0 or cvat):
            return numbers
        if max(numbers) == clip.num_frames and min(numbers) > 0:
            return [number - 1 for number in numbers]
    raise mistake(
        path, f"{counted(len(names), 'name')} ({names[0]}, ...) for {counted(clip.num_frames, 'frame')} of a "
        "video: whether their numbers count from 0 or from 1 cannot be told; give one for each frame, or one for the "
        "first",
    )  # fmt: skip


def checked_box(path: Path, where: str, values: Sequence[object], kind: str = "xywh") -> Box:
    """Numbers of a json or XML as a box.

    Args:
        path: for messages.
        where: in the file.
        values: four numbers, or their texts.
        kind: as `read_box` takes it.

    Returns:
        (x, y, w, h), its sides not negative.

    Raises:
        UserError: something else than four finite numbers, or a side that is negative.
    """
    if any(isinstance(value, bool) or not isinstance(value, str | int | float) for value in values):
        raise mistake(path, f"{list(values)!r:.80} is not four numbers; correct it", where)
    box = read_box(path, where, [str(value) for value in values], kind)
    if box is None:
        raise mistake(path, f"{list(values)!r:.80} is no box; correct it", where)
    if box[2] < 0 or box[3] < 0:
        raise mistake(path, f"box {','.join(f'{value:g}' for value in box)} has a negative side; correct it", where)
    return box


def around(points: Iterable[Sequence[float]]) -> Box:
    """The upright box around points (x, y)."""
    corners = np.array(list(points), np.float64)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def turned(box: Box, degrees: float, middle: bool) -> Box:
    """The upright box around a box that is turned clockwise.

    Args:
        box: (x, y, w, h).
        degrees: by which it is turned.
        middle: around its middle; else around its top left corner.
    """
    if not degrees % 360:
        return box
    x, y, w, h = box
    pivot = np.array([x + w / 2, y + h / 2] if middle else [x, y])
    corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)]) - pivot
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return around((corners @ turn + pivot).tolist())
