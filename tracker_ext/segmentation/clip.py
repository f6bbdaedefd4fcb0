"""One clip and its text files of boxes: the same for a video, a folder of frames, and a sequence of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, frame_numbers
from tracker_ext.video.box_files import GivenBoxes, read_given_boxes
from tracker_ext.video.data_files import refuse_gap
from tracker_ext.video.discover import NUMBERED, discover_frames
from tracker_ext.video.frames import FrameSource, Pictures, VideoFrames, open_frames


def load_clip(
    place: Path | FrameSource,
    box_files: Sequence[Path],
    name: str | None = None,
    *,
    one_size: bool = True,
    notes: Sequence[str] = (),
) -> BoxedSequence:
    """Read the boxes of a clip.

    Args:
        place: a video file, a folder of pictures (also in `img/` and the like), a folder with a video in it, or
            frames that are open.
        box_files: one in any form of `read_given_boxes`; or several of one object each.
        name: of the clip; by default that of its file or folder.
        one_size: refuse pictures of another size than the first.
        notes: what else is to be told of it.

    Raises:
        UserError: unreadable frames or boxes, counts that differ, a picture left out where boxes count pictures.
    """
    if isinstance(place, Path):
        name = name or (place.resolve().name if place.is_dir() else place.stem)
        frames: FrameSource = open_frames(frames_at(place, name), name, one_size=one_size, upright=True)
    else:
        frames = place
    try:
        given = [read_clip_boxes(path, frames) for path in box_files]
    except UserError:
        if isinstance(frames, Pictures):
            refuse_gap(frames.paths, frames.name)  # the better reason for counts that differ
        raise
    if isinstance(frames, Pictures) and any(found.counts_frames for found in given):
        refuse_gap(frames.paths, frames.name)
    found = given[0] if len(given) == 1 else join_objects(box_files, given)
    objects = found.objects or ({i: str(i) for i in found.boxes} if found.names_frames else {})
    return BoxedSequence(
        frames.name,
        frames,
        numbers_of(frames),
        found.boxes,
        found.absent,
        objects,
        notes=(*notes, *found.notes, *without_name(frames.remarks(), frames.name)),
    )


def read_clip_boxes(path: Path, frames: FrameSource) -> GivenBoxes:
    """Read one box file of a clip; of a video that is cut short, it may count the frames that the video announces.

    Raises:
        UserError: as `read_given_boxes`.
    """
    if not isinstance(frames, VideoFrames) or not frames.scan.damage:
        stems = frames.stems() if isinstance(frames, Pictures) else None
        return read_given_boxes(path, len(frames), stems, sizes=frames.sizes, name=frames.name)
    errors = []
    for count in dict.fromkeys((frames.scan.announced, len(frames))):
        try:
            found = read_given_boxes(path, count, sizes=_sizes(frames, count), name=frames.name)
        except UserError as error:
            errors.append(error)
            continue
        kept = slice(0, len(frames))
        return replace(
            found,
            boxes={object_id: track[kept] for object_id, track in found.boxes.items()},
            absent={object_id: flags[kept] for object_id, flags in found.absent.items()},
        )
    raise UserError(f"video {frames.path} {frames.scan.damage}; {errors[0]}")


def _sizes(frames: FrameSource, count: int) -> Callable[[], list[tuple[int, int]]]:
    """Gives the size of a video for each of so many frames."""
    return lambda: [frames.size] * count


def frames_at(place: Path, name: str) -> Path:
    """The video or the folder of pictures at a place: itself, or what alone can be meant in a folder.

    Raises:
        UserError: a folder without frames.
    """
    if not place.is_dir():
        return place
    frames = discover_frames(place)
    if frames is None:
        raise UserError(
            f"{name}: folder {place} has no frames: no pictures, also in img/ and the like, and not one video; put "
            "them into it"
        )
    return frames


def join_objects(paths: Sequence[Path], given: Sequence[GivenBoxes]) -> GivenBoxes:
    """Box files of one object each, `<any>.<id>.txt`, as one.

    Raises:
        UserError: one of them holds several objects.
    """
    boxes: dict[int, np.ndarray] = {}
    absent: dict[int, np.ndarray] = {}
    for number, (path, found) in enumerate(zip(paths, given, strict=True), 1):
        if len(found.boxes) != 1:
            raise UserError(f"box file {path}: {len(found.boxes)} objects, but {paths[0].name} is one of a file each")
        match = NUMBERED.fullmatch(path.name.lower())
        object_id = int(match[2]) or number if match else number
        (boxes[object_id],) = found.boxes.values()
        (absent[object_id],) = found.absent.values()
    notes = dict.fromkeys(note for found in given for note in found.notes)
    return GivenBoxes(boxes, absent, notes=tuple(notes))


def numbers_of(frames: FrameSource) -> tuple[int, ...]:
    """Numbers of the frames in upstream's mask files: see `frame_numbers`; those of a video count from 0."""
    return frame_numbers(frames.paths) if isinstance(frames, Pictures) else tuple(range(len(frames)))


def without_name(remarks: Sequence[str], name: str) -> list[str]:
    """Notes are shown behind the name of their sequence."""
    return [remark.removeprefix(f"{name}: ") for remark in remarks]
