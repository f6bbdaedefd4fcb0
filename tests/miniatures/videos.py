"""Small videos and pictures with one thing wrong or unusual about them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

SIZE = (48, 64)
STEP = 7
"""Grey levels from one frame of `write_video` to the next."""


def grey(value: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def write_video(
    path: Path,
    count: int = 30,
    size: tuple[int, int] = SIZE,
    *,
    codec: str = "libx264",
    fps: int = 25,
    turned: int = 0,
    times: Sequence[int] | None = None,
    noise: int = 0,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> Path:
    """Frame i is grey of level i * STEP, in its lower right quarter lighter by 20.

    Args:
        path: its suffix chooses the container.
        count: of frames.
        size: (height, width) as stored.
        codec: FFmpeg's name.
        fps: frames per second.
        turned: degrees by which a player turns the frames to the left.
        times: of the frames in 1 / fps; None for a steady rate.
        noise: its amplitude in the lower half; makes frames large in the file.
        options: of the codec.
        container: options of the container.
    """
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=container or {}) as file:
        stream: Any = file.add_stream(codec, rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.options = options or {}
        if codec == "mpeg4":
            stream.bit_rate = 4_000_000
        if turned:
            stream.set_display_rotation(turned)
        for index in range(count):
            picture = grey(index * STEP, size)
            picture[size[0] // 2 :, size[1] // 2 :] += 20
            picture[size[0] // 2 :] += rng.integers(0, noise + 1, picture[size[0] // 2 :].shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index if times is None else times[index]
            frame.time_base = Fraction(1, fps)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def level(frame: np.ndarray) -> int:
    """Which frame of `write_video` this is."""
    return round(float(np.median(frame[:8, :8])) / STEP)


def cut_file(path: Path, share: float) -> Path:
    """Leave the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def damage_frames(path: Path, numbers: Sequence[int]) -> Path:
    """Overwrite the stored data of some frames of an mp4."""
    with av.open(str(path)) as file:
        places = [(entry.pos, entry.size) for entry in file.streams.video[0].index_entries]
    data = bytearray(path.read_bytes())
    for number in numbers:
        start, length = places[number]
        data[start : start + length] = b"\xaa" * length
    path.write_bytes(bytes(data))
    return path
