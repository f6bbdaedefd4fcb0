"""Video files as FFmpeg (PyAV) decodes them: what is damaged is left out, and decoding goes on behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from ltr_ext.data.picture_files import kind_of_file, open_regular, refuse_bomb
from ltr_ext.errors import UserError

MAX_THREADS = 8
MAX_READ_ERRORS = 1000
"""After so many in a row that bring no data, a damaged file has no more."""


class DecodedFrame(NamedTuple):
    time: int | None
    frame: Any
    """`av.VideoFrame`."""


class VideoDecoder:
    """The frames of an open stream, with as much left out as cannot be decoded."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self.num_errors = 0
        """Times that reading or decoding failed."""
        self._torn: set[int] = set()
        """Time stamps of packets that are there in part: decoders fill up the rest with what was there before."""

    def frames(self, stored: list[int] | None = None) -> Iterator[DecodedFrame]:
        """Decode on after errors.

        Args:
            stored: gets the time stamp of every frame that is in the file, decodable or not.
        """
        for packet in self._packets():
            if stored is not None and packet.size and packet.pts is not None and not packet.is_discard:
                stored.append(packet.pts)
            if packet.is_corrupt:
                self.num_errors += 1
                self._torn.update(() if packet.pts is None else (packet.pts,))
            yield from self._decode(packet)

    def _decode(self, packet: Any) -> list[DecodedFrame]:
        try:
            frames = self._stream.decode(packet)
            return [DecodedFrame(frame.pts, frame) for frame in frames if frame.pts not in self._torn]
        except av.FFmpegError:
            self.num_errors += 1
            return []

    def _packets(self) -> Iterator[Any]:
        """All packets; the last one is empty and makes the decoder give out what it holds back."""
        in_a_row = 0
        while in_a_row < MAX_READ_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    in_a_row = 0
                    yield packet
                return
            except av.FFmpegError:
                self.num_errors += 1
                in_a_row += 1
        yield from ()


@contextmanager
def opened_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """A container and its video stream.

    Raises:
        UserError: no video.
    """
    with open_regular(path, "video") as file:
        start = file.read(64)
        file.seek(0)
        kind = kind_of_file(start)
        if not start:
            raise UserError(f"video {path} cannot be opened: it is empty (0 bytes); restore the file")
        if is_text(start):
            raise UserError(f"video {path} cannot be opened: it is a text file, not a video; check the path")
        if kind is not None and "video" not in kind and "animation" not in kind:
            hint = "; give it a picture's suffix" if "picture" in kind else ""
            raise UserError(f"video {path} cannot be opened: it is {kind}, not a video{hint}; check the path")
        try:
            # An open file, not its name: to FFmpeg "a:b.mp4" is a protocol, and a playlist would reach for the network.
            container = av.open(file)
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = "it is no video, or damaged at its start; restore the file, or give a folder of pictures"
            if kind == "an MP4 video":
                reason = "its index cannot be read: it is cut short, or was never finished; copy or record it again"
            raise UserError(f"video {path} cannot be opened: {reason}") from error
        with container:
            streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
            if not streams:
                raise UserError(f"video {path} cannot be opened: it has no pictures, only sound; give a video")
            stream = streams[0]
            if stream.codec_context is None:
                raise UserError(f"video {path} cannot be opened: its codec is unknown to FFmpeg; re-encode it as H.264")
            refuse_bomb(stream.codec_context.width, stream.codec_context.height, f"video {path}")
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = min(MAX_THREADS, os.cpu_count() or 1)
            yield container, stream


def is_text(start: bytes) -> bool:
    """Whether a file begins as text; FFmpeg would draw its letters, or follow it to other files as a playlist."""
    return not start.startswith(b"YUV4MPEG2 ") and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)


def _quarter_turns(frame: Any) -> int:
    """To the left, as the file says a telephone was held."""
    return round(frame.rotation / 90) % 4


def shown_size(frame: Any) -> tuple[int, int]:
    return (frame.width, frame.height) if _quarter_turns(frame) % 2 else (frame.height, frame.width)


def upright_picture(frame: Any) -> np.ndarray:
    """[H, W, 3] uint8 RGB, as it is shown."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), _quarter_turns(frame)))
