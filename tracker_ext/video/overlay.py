"""Masks and boxes drawn over frames, overlay videos, contact sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from ltr_ext.data.image_io import IGNORE_LABEL
from ltr_ext.errors import UserError

OBJECT_COLOURS = np.array(
    [(230, 60, 60), (60, 190, 75), (255, 225, 25), (40, 130, 235), (245, 130, 48), (180, 60, 220), (70, 240, 240)],
    np.uint8,
)
"""RGB of the objects in order of their ids, repeated; brighter than the palette of the mask files."""

DEFAULT_FPS = 25
FILL_OPACITY = 0.45
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def object_colour(object_id: int) -> tuple[int, int, int]:
    """RGB of an object, 0..255."""
    red, green, blue = OBJECT_COLOURS[(object_id - 1) % len(OBJECT_COLOURS)].tolist()
    return red, green, blue


def draw_overlay(
    frame: np.ndarray, labels: np.ndarray | None, boxes: Mapping[int, np.ndarray | None] | None = None
) -> np.ndarray:
    """Draw each object's mask as half-transparent fill with contour, and its box with its id.

    Args:
        frame: [H, W, 3] uint8 RGB; not changed.
        labels: [H, W] uint8 or uint16, pixel value = object id; 0 and, of 8 bits, 255 are not drawn. None draws boxes
            alone.
        boxes: object id -> [4] (x, y, w, h), pixels; None or nan for an absent object.

    Returns:
        [H, W, 3] uint8 RGB.
    """
    drawn = np.ascontiguousarray(frame).copy()
    thickness = max(1, round(max(frame.shape[:2]) / 500))
    if labels is not None:
        for object_id in _ids(labels):
            mask = labels == object_id
            colour = np.array(object_colour(object_id), np.float32)
            mixed = drawn[mask] * (1 - FILL_OPACITY) + colour * FILL_OPACITY
            drawn[mask] = mixed.astype(np.uint8)
            draw_contour(drawn, mask, object_colour(object_id), thickness)
    for object_id, box in (boxes or {}).items():
        if box is not None and np.isfinite(box).all():
            _draw_box(drawn, np.asarray(box), object_id, thickness)
    return drawn


def draw_contour(canvas: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], thickness: int = 1) -> None:
    """Draw the outlines of a mask, holes included, in place.

    Args:
        canvas: [H, W, 3] uint8 RGB.
        mask: [H, W], object where true.
        colour: RGB.
        thickness: pixels.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_8)


class OverlayVideo:
    """An mp4 file (H.264, so that browsers play it) written frame by frame; a context manager that closes it."""

    def __init__(self, path: str | Path, size: tuple[int, int], fps: float | None = None) -> None:
        """Open the file.

        Args:
            path: the mp4 file; its folder exists.
            size: (height, width) of the frames, pixels.
            fps: frames per second; None for 25.

        Raises:
            UserError: this PyAV cannot write H.264.
        """
        # The codec wants even sides; one repeated row or column is less harm than a scaled picture.
        self._size = size
        self._pad = size[0] % 2, size[1] % 2
        rate = Fraction(fps or DEFAULT_FPS).limit_denominator(1001)
        # The index goes to the front: a page shows the film before it is loaded. An absolute path is no address.
        self._file = av.open(str(Path(path).absolute()), "w", format="mp4", options={"movflags": "+faststart"})
        try:
            self._stream: Any = self._file.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        except (av.FFmpegError, ValueError) as error:
            self._file.close()
            raise UserError(
                f"video {path} cannot be written: this PyAV has no H.264 encoder; pip install av"
            ) from error
        self._stream.height, self._stream.width = size[0] + self._pad[0], size[1] + self._pad[1]
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.colorspace = Colorspace.ITU709
        self._stream.codec_context.color_range = ColorRange.MPEG
        self._is_open = True

    def __enter__(self) -> OverlayVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, frame: np.ndarray) -> None:
        """Append one frame: [H, W, 3] uint8 RGB; of another size than the video's, it is resized."""
        if frame.shape[:2] != self._size:
            frame = cv2.resize(frame, self._size[::-1], interpolation=cv2.INTER_AREA)
        padded = np.pad(frame, ((0, self._pad[0]), (0, self._pad[1]), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(padded), format="rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        self._file.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the file."""
        if self._is_open:
            self._is_open = False
            self._file.mux(self._stream.encode())
            self._file.close()


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture of a contact sheet."""

    frame: np.ndarray
    """[H, W, 3] uint8 RGB."""
    predicted: np.ndarray | None
    """[H, W] uint8 labels, drawn as coloured fill; None for none."""
    truth: np.ndarray | None = None
    """[H, W] uint8 labels, drawn as white outline; None for none."""
    boxes: Mapping[int, np.ndarray | None] | None = None
    """Predicted boxes, id -> (x, y, w, h)."""
    caption: str = ""


def contact_sheet(rows: Mapping[str, Sequence[Tile]], title: str, tile_width: int = 320) -> np.ndarray:
    """Arrange frames of several sequences in a grid.

    Args:
        rows: sequence name -> its tiles, left to right.
        title: a line at the top; a legend is added to it.
        tile_width: width of one tile in pixels.

    Returns:
        [H, W, 3] uint8 RGB.
    """
    if not rows:
        raise ValueError("a contact sheet needs at least one sequence")
    columns = max(len(tiles) for tiles in rows.values())
    width = columns * tile_width
    header = np.full((44, width, 3), 32, np.uint8)
    _write(header, title, (8, 18))
    _write(header, "colour: prediction   white line: ground truth", (8, 37), 0.42, (190, 190, 190))
    bands = [header]
    for name, tiles in rows.items():
        pictures = [_draw_tile(tile, tile_width) for tile in tiles]
        height = max(picture.shape[0] for picture in pictures)
        band = np.full((height, width, 3), 32, np.uint8)
        for column, picture in enumerate(pictures):
            left = column * tile_width
            band[: picture.shape[0], left : left + tile_width] = picture
        _write(band, name, (8, 18))
        bands.append(band)
    return np.concatenate(bands)


def evenly_spaced(num_frames: int, count: int) -> list[int]:
    """Indices of at most `count` evenly spaced frames; first and last included if there are two or more."""
    return np.unique(np.linspace(0, num_frames - 1, min(count, num_frames)).round().astype(int)).tolist()


def _draw_tile(tile: Tile, width: int) -> np.ndarray:
    height = max(1, round(tile.frame.shape[0] * width / tile.frame.shape[1]))
    frame = cv2.resize(tile.frame, (width, height), interpolation=cv2.INTER_AREA)
    predicted = _shrink(tile.predicted, width, height)
    scale = np.tile((width / tile.frame.shape[1], height / tile.frame.shape[0]), 2)
    boxes = {i: None if box is None else np.asarray(box) * scale for i, box in (tile.boxes or {}).items()}
    drawn = draw_overlay(frame, predicted, boxes)
    truth = _shrink(tile.truth, width, height)
    if truth is not None:
        for object_id in _ids(truth):
            mask = truth == object_id
            draw_contour(drawn, mask, (0, 0, 0), 3)
            draw_contour(drawn, mask, (255, 255, 255), 1)
    _write(drawn, tile.caption, (8, height - 8), 0.42)
    return drawn


def _shrink(labels: np.ndarray | None, width: int, height: int) -> np.ndarray | None:
    return None if labels is None else cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)


def _ids(labels: np.ndarray) -> list[int]:
    undecided = IGNORE_LABEL if labels.dtype == np.uint8 else None  # in a wider label map 255 is an object
    return [value for value in np.unique(labels).tolist() if value not in (0, undecided)]


def _draw_box(canvas: np.ndarray, box: np.ndarray, object_id: int, thickness: int) -> None:
    # Half-open pixel ranges: the last covered pixel is one before x + w.
    x, y = np.floor(box[:2]).astype(int).tolist()
    right, bottom = (np.ceil(box[:2] + box[2:]).astype(int) - 1).tolist()
    cv2.rectangle(canvas, (x, y), (right, bottom), object_colour(object_id), thickness)
    _write(canvas, str(object_id), (max(x, 0) + 3, max(y, 0) + 14), 0.45, object_colour(object_id))


def _write(
    canvas: np.ndarray,
    text: str,
    at: tuple[int, int],
    size: float = 0.5,
    colour: tuple[int, int, int] = (255, 255, 255),
) -> None:
    # A thicker black copy would be wider than the text; copies shifted by a pixel make the rim.
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        cv2.putText(canvas, text, (at[0] + dx, at[1] + dy), _FONT, size, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(canvas, text, at, _FONT, size, colour, 1, cv2.LINE_AA)
