"""Films of the masks over the frames: stored results are looked at again, and nothing is computed anew."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.video.overlay import OverlayVideo, draw_overlay


class OverlayWriter(FormatWriter):
    """`<clip>.mp4` (H.264) in the clip's size and at its speed; pictures of other sizes are made to fit."""

    name: ClassVar[str] = "overlay"
    summary: ClassVar[str] = "film of the masks over the frames, H.264 .mp4"
    needs_frames: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        self._film: OverlayVideo | None = None

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        self._film = OverlayVideo(self.folder / f"{clip.name}.mp4", clip.sizes[0], clip.fps)

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        assert self._film is not None
        assert frame.image is not None
        self._film.add(draw_overlay(frame.image, frame.labels))

    def end(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        assert self._film is not None
        self._film.close()
