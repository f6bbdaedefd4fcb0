"""Clips whose frames are in a video file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.frame_source import FrameSource
from tracker_ext.video.video_files import VideoDecoder, opened_video, upright_picture
from tracker_ext.video.video_scan import VideoScan, scan_video

CACHE_FRAMES = 16
"""Decoded frames a reader keeps, so that reading a little backwards costs nothing."""


@dataclass(frozen=True)
class VideoFrames(FrameSource):
    """Frames in a video file, every `step`-th from `first` on. Reading forward is cheap, far back decodes again."""

    path: Path
    first: int = 0
    count: int | None = None
    """None: to the end."""
    step: int = 1
    name: str = field(default="", compare=False)
    """By default the file's, without suffix."""
    cache_frames: int = field(default=CACHE_FRAMES, compare=False)
    """Decoded frames that are kept."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if not self.name:
            object.__setattr__(self, "name", self.path.stem)

    @cached_property
    def scan(self) -> VideoScan:
        """What the whole file holds."""
        return scan_video(self.path)

    @property
    def size(self) -> tuple[int, int]:
        return self.scan.size

    @property
    def fps(self) -> float | None:
        return None if self.scan.fps is None else self.scan.fps / self.step

    def __len__(self) -> int:
        if self.count is not None:
            return self.count
        return len(range(self.first, self.scan.count, self.step))

    def frame(self, index: int) -> np.ndarray:
        return self._from(self._reader, index)

    def __iter__(self) -> Iterator[np.ndarray]:
        reader = VideoReader(self.path, cache_frames=1)  # several may go through the clip at a time
        try:
            for index in range(len(self)):
                yield self._from(reader, index)
        finally:
            reader.close()

    def stems(self) -> list[str]:
        return [self.stem(index) for index in range(len(self))]

    def stem(self, index: int) -> str:
        return f"{self.first + index * self.step:08d}"

    def sizes(self) -> list[tuple[int, int]]:
        return [self.size] * len(self)

    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def fingerprint(self) -> str:
        return f"{self.path.name} {self.path.stat().st_size} {self.first} {len(self)} {self.step}"

    def thinned(self, chosen: slice) -> VideoFrames:
        picked = range(self.first, self.first + len(self) * self.step, self.step)[chosen]
        return replace(self, first=picked.start, count=len(picked), step=picked.step)

    def refuse_damage(self) -> None:
        """For who needs every frame.

        Raises:
            UserError: the video is damaged or cut short.
        """
        if self.scan.damage:
            raise UserError(
                f"video {self.path} {self.scan.damage}; restore it, or run_annotate.py video passes over such frames"
            )

    def remarks(self) -> list[str]:
        return [f"{self.path.name} {self.scan.damage}"] if self.scan.damage else []

    @cached_property
    def _reader(self) -> VideoReader:
        return VideoReader(self.path, self.cache_frames)

    def _from(self, reader: VideoReader, index: int) -> np.ndarray:
        if not 0 <= index < len(self):
            raise IndexError(f"video {self.path}: frame {index} of {len(self)}")
        try:
            return reader.frame(self.first + index * self.step)
        except IndexError as error:
            raise UserError(f"{error}; the file has changed") from error


class VideoReader:
    """Frames of a video by their number. Reading forward is cheap; reading far back decodes again from the start."""

    def __init__(self, path: str | Path, cache_frames: int = CACHE_FRAMES) -> None:
        """Scan the file, if that was not done.

        Args:
            path: a video file that FFmpeg can decode.
            cache_frames: how many decoded frames to keep.

        Raises:
            UserError: see `scan_video`.
        """
        self._path = Path(path)
        self.scan = scan_video(path)
        self._damaged = frozenset(self.scan.damaged)
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._cache_frames = max(1, cache_frames)
        self._coming = self._numbered()
        self._next = 0

    def frame(self, index: int) -> np.ndarray:
        """Frame `index`: [H, W, 3] uint8 RGB, turned as it is shown.

        Raises:
            IndexError: there is no such frame.
            UserError: it cannot be decoded.
        """
        if not 0 <= index < self.scan.count:
            raise IndexError(f"video {self._path}: frame {index} of {self.scan.count}")
        if index in self._damaged:
            raise UserError(f"video {self._path}: frame {index} is damaged; re-encode the file")
        if index in self._cache:
            return self._cache[index]
        if index < self._next:
            self.close()
        for number, frame in self._coming:
            self._next = number + 1
            if number == index:
                return self._keep(number, upright_picture(frame))
        raise UserError(f"video {self._path}: frame {index} cannot be decoded; re-encode the file")

    def close(self) -> None:
        """Close the file; the next frame opens it again."""
        self._coming.close()
        self._coming, self._next = self._numbered(), 0

    def _numbered(self) -> Generator[tuple[int, Any]]:
        times = self.scan.times
        with opened_video(self._path) as (container, stream):
            for count, (time, frame) in enumerate(VideoDecoder(container, stream).frames()):
                if times is None:
                    yield count, frame
                elif time is not None and time in times:
                    yield times[time], frame

    def _keep(self, index: int, frame: np.ndarray) -> np.ndarray:
        self._cache[index] = frame
        while len(self._cache) > self._cache_frames:
            self._cache.popitem(last=False)
        return frame
