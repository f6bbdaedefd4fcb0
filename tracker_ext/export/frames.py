"""The frames that masks belong to: found or given, and which frame goes with which mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import image_header
from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.export.clips import FRAMES_FOLDER, FoundMasks
from tracker_ext.export.masks import ClipMasks
from tracker_ext.video.data_files import find_video
from tracker_ext.video.discover import discover_frames
from tracker_ext.video.frames import Pictures, VideoFrames, open_frames


@dataclass
class ClipFrames:
    """The frames of a clip, one for each mask."""

    source: Pictures | VideoFrames
    numbers: tuple[int, ...]
    """Of each mask's frame in `source`, ascending."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Number of a frame -> why it could not be read; as far as they were asked for."""
    _last: np.ndarray | None = None

    def frame(self, index: int, size: tuple[int, int]) -> np.ndarray:
        """The frame of mask `index`: [H, W, 3] uint8 RGB; of one that cannot be read, the last one that could.

        Args:
            index: of the mask.
            size: (height, width) of the mask.
        """
        try:
            frame = self.source.frame(self.numbers[index])
        except UserError as error:
            self.unreadable[self.numbers[index]] = str(error)
            same = self._last is not None and self._last.shape[:2] == size
            frame = self._last if same and self._last is not None else np.zeros((*size, 3), np.uint8)
        self._last = frame
        return frame

    def picture(self, index: int) -> Path | None:
        """The file of a frame; None of a video's."""
        return self.source.paths[self.numbers[index]] if isinstance(self.source, Pictures) else None


def frames_of(found: FoundMasks, masks: ClipMasks, given: Path | None, alone: bool) -> ClipFrames | None:
    """The frames of a clip, from `--frames` or where its result says; None if they are not known.

    Args:
        found: the files of the masks.
        masks: what is in them.
        given: `--frames`; None without it.
        alone: whether there is no other clip, so that `given` is this clip's.

    Raises:
        UserError: there are none for this clip, or others than its masks need.
    """
    place = _given_place(found.name, given, alone) if given is not None else found.pictures or found.video
    if place is None:
        return None
    if place.is_dir():
        place = discover_frames(place) or place
    errors = []
    for upright in (True, False):  # masks of data sets that are not turned have the size of the pictures as stored
        source: Pictures | VideoFrames = open_frames(place, masks.name, one_size=False, upright=upright)
        if given is None and isinstance(source, VideoFrames) and found.thinned != (0, 1):
            first, step = found.thinned
            source = source.thinned(slice(first, first + step * len(found.masks), step))
        numbers = match(found.stems(), source, found.frame_names)
        try:
            _check_sizes(masks, source, numbers)
        except UserError as error:
            errors.append(error)
            continue
        return ClipFrames(source, numbers)
    raise errors[0]


def match(stems: Sequence[str], source: Pictures | VideoFrames, names: Sequence[str] = ()) -> tuple[int, ...]:
    """The number of each mask's frame.

    Pictures have the names of their masks, or there are as many of them; of a video, there are as many frames, or the
    masks are named by the number of their frame, from 0.

    Args:
        stems: names of the masks without suffix, in order.
        source: the frames.
        names: of the masks' pictures, where the masks are called otherwise.

    Raises:
        UserError: neither.
    """
    if isinstance(source, Pictures):
        place = {stem: index for index, stem in enumerate(source.stems())}
        for called in filter(None, (names, stems)):
            if len(place) == len(source) and all(stem in place for stem in called):
                return tuple(place[stem] for stem in called)
    if len(stems) == len(source):
        return tuple(range(len(stems)))
    numbers = [int(stem) if stem.isascii() and stem.isdigit() else -1 for stem in stems]
    rising = all(a < b for a, b in pairwise(numbers))
    if isinstance(source, VideoFrames) and rising and numbers[0] >= 0 and numbers[-1] < len(source):
        return tuple(numbers)
    raise UserError(
        f"{source.name}: {counted(len(stems), 'mask')} ({stems[0]}, ...) and {counted(len(source), 'frame')} that are "
        "not named like them; give the frames that the masks were made from, as many or named like the masks"
    )


def _given_place(name: str, given: Path, alone: bool) -> Path:
    """Where `--frames` has the frames of a clip."""
    if not given.exists():
        raise UserError(f"--frames {given}: does not exist; check the path")
    if given.is_file():
        if not alone:
            raise UserError(f"--frames {given}: is one file for several clips; give a folder with one of each name")
        return given
    last = name.rpartition("/")[2]
    roots = [given, given / FRAMES_FOLDER, *(path for path in (given / FRAMES_FOLDER).glob("*") if path.is_dir())]
    for root in roots:
        for called in dict.fromkeys((name, last)):
            if (root / called).is_dir():
                return root / called
            video = find_video(root / called)
            if video is not None:
                return video
    if alone:
        return given
    raise UserError(f"--frames {given}: has neither a folder nor a video named {last}; name them like the clips")


def _check_sizes(masks: ClipMasks, source: Pictures | VideoFrames, numbers: Sequence[int]) -> None:
    """Refuse frames of another size than their masks; what cannot be read is said when it is reached."""
    for index, number in enumerate(numbers):
        size = _size(source, number)
        if size not in (None, masks.sizes[index]):
            assert size is not None
            (height, width), shown = masks.sizes[index], source.stem(number)
            raise UserError(
                f"mask {masks.paths[index]} is {width}x{height}, but frame {shown} of {source.name} is "
                f"{size[1]}x{size[0]}; give the frames that the masks were made from"
            )


def _size(source: Pictures | VideoFrames, number: int) -> tuple[int, int] | None:
    """(height, width) of a frame by its header; None if that cannot be read."""
    if isinstance(source, VideoFrames):
        return source.size
    try:
        return image_header(source.paths[number]).size(source.upright)
    except UserError:
        return None
