"""Going on past frames that cannot be read, so that one bad frame late in a clip costs nothing but its own masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted, ranges
from tracker_ext.video.frame_source import FrameSource
from tracker_ext.video.video_frames import VideoFrames


@dataclass
class PatientFrames:
    """The frames of a clip, each [H, W, 3] uint8 RGB, in order. One that cannot be read is repeated from the frame
    before (black if there is none), keeps its number, and is remembered in `unreadable`; its mask is to be left empty.
    Not one that can be read is a `UserError`, at the end.
    """

    source: FrameSource
    unreadable: dict[int, str] = field(default_factory=dict)
    """Number of the frame -> why, as far as the clip was read; of a video all damaged ones from the start."""

    def __post_init__(self) -> None:
        if isinstance(self.source, VideoFrames):
            damaged = set(self.source.scan.damaged)
            numbers = {self.source.first + index * self.source.step: index for index in range(len(self.source))}
            self.unreadable |= {numbers[number]: "" for number in sorted(damaged & numbers.keys())}

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[np.ndarray]:
        last = np.zeros((*self.source.size, 3), np.uint8)
        for index in range(len(self.source)):
            try:
                last = self.source.frame(index)
            except UserError as error:
                self.unreadable[index] = str(error)
            yield last
        if 0 < len(self.unreadable) == len(self.source):
            raise UserError(self.unreadable[0])

    def without_unreadable(self, boxes: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Boxes (object id -> [F, 4]) with nan on the frames that are known to be unreadable: no evidence."""
        left = {object_id: track.copy() for object_id, track in boxes.items()}
        for track in left.values():
            track[list(self.unreadable)] = np.nan
        return left

    def report(self) -> str:
        """One line about what could not be read, once the clip was gone through; empty if everything could."""
        source = self.source
        if isinstance(source, VideoFrames) and source.scan.damage:
            masks = f"; {self._empty_masks()}" if self.unreadable else ""
            return f"{source.path.name} {source.scan.damage}{masks}"
        if not self.unreadable:
            return ""
        numbers = sorted(self.unreadable)
        which = f"{counted(len(numbers), 'frame')} of {len(source)} cannot be read ({ranges(numbers)}, from 0)"
        return f"{source.name}: {which}; {self._empty_masks()}: {self.unreadable[numbers[0]]}"

    def _empty_masks(self) -> str:
        return "its mask is empty" if len(self.unreadable) == 1 else "their masks are empty"
