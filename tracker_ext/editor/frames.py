"""The frames of a clip by their number, for a page that jumps about: any frame of a video is there at once.

Video players do not seek to an exact frame; so the page is given pictures.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import cv2
import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.frames import FrameSource, VideoFrames
from tracker_ext.video.video_files import VideoDecoder, opened_video, upright_picture

PICTURE_BYTES = 256 << 20
"""Decoded frames that are kept."""
JPEG_BYTES = 96 << 20
"""The same of JPEGs."""
MOST_SIDE = 1920
"""Pixels of the longer side of what the page is sent; boxes and masks are of the frame's own size all the same."""
QUALITY = 88
AHEAD = 48
"""Frames up to which decoding on is faster than seeking."""
BEHIND = 24
"""Frames before the one that was sought that are kept: for who goes backwards frame by frame."""
EXACT = ("mov", "matroska")
"""Containers (FFmpeg's names) whose time stamps are the same after a jump; those of AVI and MPEG-TS need not be."""

Item = TypeVar("Item")


class Kept:
    """The values used last, up to so many bytes. Not for several threads at once."""

    def __init__(self, most_bytes: int, size: Callable[[Any], int]) -> None:
        self._most, self._size, self._bytes = most_bytes, size, 0
        self._values: OrderedDict[int, Any] = OrderedDict()

    def get(self, key: int) -> Any:
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: int, value: Item) -> Item:
        if key not in self._values:
            self._values[key] = value
            self._bytes += self._size(value)
        while self._bytes > self._most and len(self._values) > 1:
            self._bytes -= self._size(self._values.popitem(last=False)[1])
        return value


class ClipFrames:
    """Frames of a clip by number; several threads may ask."""

    def __init__(self, source: FrameSource, picture_bytes: int = PICTURE_BYTES) -> None:
        self.source = source
        self._pictures = Kept(picture_bytes, lambda picture: picture.nbytes)
        self._jpegs = Kept(JPEG_BYTES, len)
        self._lock = threading.Lock()
        self._seeker = Seeker(source) if isinstance(source, VideoFrames) else None

    def picture(self, index: int) -> np.ndarray:
        """Frame `index`: [H, W, 3] uint8 RGB.

        Raises:
            IndexError: there is no such frame.
            UserError: it cannot be read.
        """
        if not 0 <= index < len(self.source):
            raise IndexError(f"frame {index} of {len(self.source)}")
        with self._lock:
            found = self._pictures.get(index)
            if found is None and self._seeker is not None and self._seeker.works:
                for number, picture in self._seeker.read(index):
                    self._pictures.put(number, picture)
                    found = picture if number == index else found
            if found is None:
                found = self._pictures.put(index, self.source.frame(index))
            return found

    def jpeg(self, index: int) -> bytes:
        """The same as a JPEG, no larger than `MOST_SIDE`."""
        with self._lock:
            found = self._jpegs.get(index)
        if found is not None:
            return bytes(found)
        data = encoded(self.picture(index))
        with self._lock:
            return self._jpegs.put(index, data)


def encoded(picture: np.ndarray) -> bytes:
    """[H, W, 3] uint8 RGB as JPEG."""
    scale = MOST_SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()


class Seeker:
    """Reads frames of a whole video by jumping to the key frame before them."""

    def __init__(self, source: VideoFrames) -> None:
        """Look at the time stamps of all packets, without decoding them."""
        self._path = source.path
        self._times: list[int] = []
        self._keys: list[int] = []
        """Numbers of the key frames."""
        plain = not source.scan.damage and source.scan.times is None and source.step == 1 and source.first == 0
        if plain:
            self._index(source.scan.count)
        self.works = bool(self._times)
        """Whether frames can be found by their time stamps."""
        self._number = {time: number for number, time in enumerate(self._times)}
        self._stack = ExitStack()
        self._coming: Iterator[tuple[int, Any]] | None = None
        self._next = 0

    def read(self, index: int) -> Iterator[tuple[int, np.ndarray]]:
        """Frame `index`, and some of those before it that had to be decoded: (number, [H, W, 3] uint8 RGB).

        Should the video not seek as its packets promise, nothing comes, and `works` is false from then on.
        """
        key = self._keys[bisect_right(self._keys, index) - 1]
        jump = self._coming is None or index < self._next or (index > self._next + AHEAD and key > self._next)
        try:
            if jump:
                self._open(key)
            assert self._coming is not None
            for number, frame in self._coming:
                self._next = number + 1
                if number > index:
                    break
                if number > index - BEHIND:
                    yield number, upright_picture(frame)
                if number == index:
                    return
        except UserError:
            pass
        self.works = False
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()
        self._coming = None

    def _open(self, key: int) -> None:
        self.close()
        self._stack = ExitStack()
        container, stream = self._stack.enter_context(opened_video(self._path))
        if key:
            container.seek(self._times[key], stream=stream)
        self._coming = self._numbered(VideoDecoder(container, stream))

    def _numbered(self, decoder: VideoDecoder) -> Iterator[tuple[int, Any]]:
        for time, frame in decoder.frames():
            if time in self._number:
                yield self._number[time], frame

    def _index(self, count: int) -> None:
        with opened_video(self._path) as (container, stream):
            if not container.format.name.startswith(EXACT):
                return
            found = [
                (packet.pts, packet.is_keyframe)
                for packet in container.demux(stream)
                if packet.size and not packet.is_discard
            ]
        times = sorted(time for time, _ in found if time is not None)
        if len(times) != count or len(found) != count or len(set(times)) != count:
            return
        numbers = {time: number for number, time in enumerate(times)}
        keys = sorted(numbers[time] for time, is_key in found if is_key and time is not None)
        if keys and keys[0] == 0:
            self._times, self._keys = times, keys
