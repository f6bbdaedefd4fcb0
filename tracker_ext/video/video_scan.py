"""How many frames a video has, and which of them are damaged.

Frames are numbered as they are shown, from 0. Where some cannot be decoded, the others keep the numbers they would
have in the whole file, so that boxes stay with their frames.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import av

from ltr_ext.data.picture_files import open_regular
from ltr_ext.errors import UserError
from ltr_ext.text import counted, ranges
from tracker_ext.video.file_ends import is_cut_short
from tracker_ext.video.video_files import VideoDecoder, opened_video, shown_size

MAX_GAPS = 4
"""A damaged file of which less than a part of so many is left has lost count of its frames."""


@dataclass(frozen=True)
class VideoScan:
    """What a video holds, found out by decoding it once: counts in headers are often wrong."""

    size: tuple[int, int]
    """(height, width) of every frame, as it is shown."""
    fps: float | None
    """Mean frames per second if the file knows them."""
    count: int
    """Frames up to the last one that can be decoded."""
    announced: int
    """Frames the file says it has: as many, or more if it is cut short."""
    damaged: tuple[int, ...] = ()
    """Numbers of the frames below `count` that cannot be decoded, ascending."""
    times: Mapping[int, int] | None = field(default=None, repr=False)
    """Time stamp -> number of the frame, where frames cannot simply be counted."""
    ends_early: bool = False
    """Whether the file is cut short, and does not say how many frames it had."""

    @property
    def damage(self) -> str:
        """What is wrong, as the end of a sentence about the file; empty if nothing is."""
        parts = []
        if self.damaged:
            parts.append(f"frame {self.damaged[0]} is damaged")
            if len(self.damaged) > 1:
                parts = [f"frames {ranges(self.damaged)} are damaged"]
        if self.announced > self.count or self.ends_early:
            parts.append(f"the file is cut short after frame {self.count - 1}")
        if not parts:
            return ""
        said = "more frames" if self.ends_early else counted(self.announced, "frame")
        return f"announces {said}, {self.count - len(self.damaged)} can be decoded: {', '.join(parts)}"


def scan_video(path: str | Path) -> VideoScan:
    """Decode a video to see what it holds; a file that has not changed since is not decoded again.

    Raises:
        UserError: missing, empty, no video, without a frame that can be decoded, or of frames of several sizes.
    """
    with open_regular(path, "video") as file:
        state = os.fstat(file.fileno())
    return _scan(Path(path), (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=64)
def _scan(path: Path, state: tuple[int, ...]) -> VideoScan:
    shown: list[int | None] = []
    stored: list[int] = []
    size: tuple[int, int] | None = None
    with opened_video(path) as (container, stream):
        decoder = VideoDecoder(container, stream)
        for time, frame in decoder.frames(stored):
            here = shown_size(frame)
            size = size or here
            if here != size:
                raise UserError(
                    f"video {path}: frame {len(shown)} is {here[1]}x{here[0]} but the first frame is "
                    f"{size[1]}x{size[0]}; re-encode it to one size"
                )
            shown.append(time)
        rate = stream.average_rate or stream.guessed_rate
        fps = float(rate) if rate and 0 < rate < 1000 else None
        step = None if fps is None or not stream.time_base else 1 / (fps * float(stream.time_base))
        announced = _announced(path, container, stream, fps)
        is_broadcast = container.format.name in ("mpegts", "mpeg")
    if size is None:
        raise UserError(f"video {path} has no frame that can be decoded; check or re-encode the file")
    if is_broadcast and shown[0] is not None:  # joined anywhere: what comes before the first frame belongs to nothing
        stored = [time for time in stored if time >= shown[0]]
    is_broken = bool(decoder.num_errors) or announced is not None
    times = number_frames(shown, stored, step) if is_broken else None
    if times is None:
        count = len(shown)
        return VideoScan(size, fps, count, max(count, announced or 0), ends_early=announced == 0)
    present = {times[time] for time in shown if time is not None}
    count = max(present) + 1
    damaged = tuple(sorted(set(range(count)) - present))
    expected = max(announced or 0, max(times.values()) + 1)
    return VideoScan(size, fps, count, expected, damaged, times, ends_early=announced == 0)


def number_frames(shown: Sequence[int | None], stored: Sequence[int], step: float | None) -> dict[int, int] | None:
    """Number the frames of a damaged video by their time stamps.

    Stamps that lie on a regular grid are numbered by their place on it, so that frames of which nothing is left in
    the file count as well; others by their order.

    Args:
        shown: stamps of the frames that can be decoded.
        stored: stamps of the frames of which anything is in the file.
        step: ticks from one frame to the next, if the video has a rate.

    Returns:
        Stamp -> number, from 0; None if no frame is lost, or if they have no stamps and can only be counted.
    """
    seen = [time for time in shown if time is not None]
    if len(seen) < len(shown) or not set(stored) - set(seen):
        return None
    ordered = sorted({*stored, *seen})
    if step is not None:
        places = [(time - ordered[0]) / step for time in ordered]
        numbers = [round(place) for place in places]
        regular = all(abs(place - number) < 0.3 for place, number in zip(places, numbers, strict=True))
        if regular and numbers[-1] <= MAX_GAPS * len(numbers) and len(set(numbers)) == len(numbers):
            return dict(zip(ordered, numbers, strict=True))
    return {time: number for number, time in enumerate(ordered)}


def _announced(path: Path, container: Any, stream: Any, fps: float | None) -> int | None:
    """How many frames the header of a file speaks of that is cut short (0: it does not say); None if it is whole."""
    if "mov" in container.format.name:
        length = path.stat().st_size
        index = [entry for entry in stream.index_entries if not entry.is_discard]
        return len(index) if any(entry.pos + entry.size > length for entry in index) else None
    if not is_cut_short(path):
        return None
    if container.format.name == "avi":
        return stream.frames
    seconds = _seconds(stream.metadata.get("DURATION")) or (container.duration or 0) / av.time_base
    return round(seconds * (fps or 0))


def _seconds(clock: str | None) -> float | None:
    """Of "hh:mm:ss.fraction"."""
    try:
        hours, minutes, seconds = (float(part) for part in (clock or "").split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds
