"""A video with an alpha channel: what is object stays, the rest is transparent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from ltr_ext.errors import UserError
from tracker_ext.export.formats.base import ExportClip, ExportFrame, ExportOptions, FormatWriter
from tracker_ext.video.overlay import DEFAULT_FPS


@dataclass(frozen=True)
class _Kind:
    codec: str
    suffix: str
    pixels: str
    options: dict[str, str]


KINDS = (
    _Kind("prores_ks", ".mov", "yuva444p10le", {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"}),
    _Kind("libvpx-vp9", ".webm", "yuva420p", {"crf": "20", "b": "0", "cpu-used": "4", "auto-alt-ref": "0"}),
)
"""ProRes 4444 holds alpha without loss; WebM is taken where this FFmpeg has no ProRes."""


class AlphaWriter(FormatWriter):
    """`<clip>.mov` (ProRes 4444) or `<clip>.webm` (VP9): all objects opaque, or those of `--objects`.

    Colours are those of the frames everywhere, alpha is straight: an edge that is feathered later finds its colours.
    """

    name: ClassVar[str] = "alpha"
    summary: ClassVar[str] = "video with alpha: ProRes 4444 .mov, or VP9 .webm"
    needs_frames: ClassVar[bool] = True
    has_alpha: ClassVar[bool] = True

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        super().__init__(folder, options)
        found = [kind for kind in KINDS if has_encoder(kind.codec)]
        if not found:
            raise UserError("--format alpha: this PyAV encodes neither ProRes nor VP9; pip install av")
        self._kind = found[0]
        self._size = (0, 0)
        self._container: Any = None
        self._stream: Any = None

    def start(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        kind, self._size = self._kind, clip.sizes[0]
        path = self.folder / f"{clip.name}{kind.suffix}"
        self._container = av.open(str(path.absolute()), "w")
        rate = Fraction(clip.fps or DEFAULT_FPS).limit_denominator(1001)
        self._stream = self._container.add_stream(kind.codec, rate=rate, options=kind.options)
        self._stream.height, self._stream.width = self._size
        self._stream.pix_fmt = kind.pixels
        self._stream.codec_context.colorspace = Colorspace.ITU709
        self._stream.codec_context.color_range = ColorRange.MPEG

    def add(self, frame: ExportFrame) -> None:
        """See `FormatWriter`."""
        assert frame.image is not None
        joint = sum((frame.alpha(object_id).astype(np.uint16) for object_id in frame.ids), np.zeros((), np.uint16))
        alpha = np.broadcast_to(np.minimum(joint, 255), frame.labels.shape).astype(np.uint8)
        image = np.dstack([frame.image, alpha])
        if image.shape[:2] != self._size:
            image = cv2.resize(image, self._size[::-1], interpolation=cv2.INTER_NEAREST)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgba")
        picture = picture.reformat(format=self._kind.pixels, dst_colorspace=Colorspace.ITU709)
        self._container.mux(self._stream.encode(picture))

    def end(self, clip: ExportClip) -> None:
        """See `FormatWriter`."""
        self._container.mux(self._stream.encode())
        self._container.close()


def has_encoder(name: str) -> bool:
    """Whether this FFmpeg can write with a codec."""
    try:
        av.Codec(name, "w")
    except (av.FFmpegError, ValueError):
        return False
    return True
