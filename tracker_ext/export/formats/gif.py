"""The masks drawn over the frames, as an animated GIF."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import cv2
import numpy as np

from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.video.overlay import DEFAULT_FPS, draw_overlay

MOST_FPS = 15
"""Frames per second; of a faster clip, every second, third, ... frame is shown."""


class GifWriter(FormatWriter):
    """`<clip>.gif`, at the clip's own speed, endless, at most 480 pixels wide unless `--gif-width` says otherwise."""

    name: ClassVar[str] = "gif"
    summary: ClassVar[str] = "animated GIF of the masks over the frames"
    needs_frames: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._step, self._size = 1, (0, 0)
        self._file: _Gif | None = None

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        fps = clip.fps or DEFAULT_FPS
        self._step = math.ceil(fps / MOST_FPS)
        height, width = clip.sizes[0]
        shown = min(width, self.options.gif_width)
        self._size = (max(1, round(height * shown / width)), shown)
        self._file = _Gif(self.folder / f"{clip.name}.gif", self._size, Fraction(fps / self._step))

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        assert self._file is not None
        assert frame.image is not None
        if frame.index % self._step == 0:
            drawn = draw_overlay(frame.image, frame.labels)
            self._file.add(cv2.resize(drawn, self._size[::-1], interpolation=cv2.INTER_AREA))

    def end(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        assert self._file is not None
        self._file.close()


class _Gif:
    """A GIF file written frame by frame, each with a palette of its own."""

    def __init__(self, path: Path, size: tuple[int, int], fps: Fraction) -> None:
        fps = fps.limit_denominator(1001)
        self._time_base = 1 / fps
        self._container = av.open(str(path.absolute()), "w", format="gif")
        self._stream: Any = self._container.add_stream("gif", rate=fps)
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = "pal8"
        graph = self._graph = av.filter.Graph()
        source = graph.add_buffer(
            width=size[1], height=size[0], format=av.VideoFormat("rgb24"), time_base=self._time_base
        )
        split, sink = graph.add("split"), graph.add("buffersink")
        colours, mapped = graph.add("palettegen", "stats_mode=single"), graph.add("paletteuse", "new=1")
        source.link_to(split)
        split.link_to(colours, 0, 0)
        split.link_to(mapped, 1, 0)
        colours.link_to(mapped, 0, 1)
        mapped.link_to(sink)
        graph.configure()
        self._count = 0

    def add(self, picture: np.ndarray) -> None:
        """Append a frame: [H, W, 3] uint8 RGB."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = self._count, self._time_base
        self._count += 1
        self._graph.push(frame)
        self._write()

    def close(self) -> None:
        """Finish the file."""
        self._graph.push(None)
        self._write()
        self._container.mux(self._stream.encode())
        self._container.close()

    def _write(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._container.mux(self._stream.encode(frame))
