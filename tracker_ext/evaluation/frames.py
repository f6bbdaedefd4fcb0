"""Frame sources: a folder of pictures, a list of pictures or a video file, read as they are needed.

No source keeps more than a few frames, so memory does not grow with the length of the clip. Every frame
is [H, W, 3] uint8 RGB and has the size of the first one, or reading it ends with a `UserError`; pictures may be
allowed to differ (`one_size=False`), as those of two clips of GOT-10k do.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.errors import UserError

# What is wrong with a video is said in our own words; read by OpenCV when it opens its first one.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})

VIDEO_CACHE_FRAMES = 16
"""Decoded frames a video source keeps, so that reading a little backwards costs nothing."""


class FrameSource(ABC):
    """A clip whose frames are read one by one.

    Attributes:
        name: the clip's name (folder or file name without suffix).
        size: (height, width) in pixels of every frame.
        fps: frames per second if the source knows it, else None.
    """

    name: str
    size: tuple[int, int]
    fps: float | None

    @abstractmethod
    def __len__(self) -> int:
        """The exact number of frames (a video is decoded once to count them, unless it was already read)."""

    @abstractmethod
    def stem(self, index: int) -> str:
        """File name without suffix of what belongs to frame `index`: the picture's, or %08d in a video."""

    @abstractmethod
    def frame(self, index: int) -> np.ndarray:
        """Frame `index`: [H, W, 3] uint8 RGB.

        Raises:
            IndexError: there is no such frame.
            UserError: the frame cannot be read, or differs in size from the first one.
        """

    @abstractmethod
    def __iter__(self) -> Iterator[np.ndarray]:
        """All frames in order, each [H, W, 3] uint8 RGB; raises `UserError` as `frame` does."""

    def _checked(self, frame: np.ndarray, label: str) -> np.ndarray:
        """The frame itself, if it has the size of the first one."""
        if frame.shape[:2] != self.size:
            raise UserError(
                f"clip {self.name}: frame {label} is {frame.shape[1]}x{frame.shape[0]} but the first frame is "
                f"{self.size[1]}x{self.size[0]}; all frames of a clip must have one size"
            )
        return frame


class ImageListSource(FrameSource):
    """Pictures in files, in the given order; any frame can be read at once."""

    def __init__(self, paths: Sequence[str | Path], name: str, one_size: bool = True) -> None:
        """Check the list and read the first picture.

        Args:
            paths: picture files, one per frame.
            name: the clip's name.
            one_size: refuse pictures of another size than the first.

        Raises:
            UserError: no pictures, two of the same stem, or the first one unreadable.
        """
        self.name = name
        self.fps = None
        self._one_size: Final = one_size
        self._paths: Final = [Path(path) for path in paths]
        if not self._paths:
            raise UserError(f"clip {name}: no pictures; give at least one frame")
        by_stem: dict[str, Path] = {}
        for path in self._paths:
            if path.stem in by_stem:
                raise UserError(
                    f"clip {name}: {by_stem[path.stem].name} and {path.name} have the same stem, so their masks "
                    f"would share a file; keep one of them"
                )
            by_stem[path.stem] = path
        first = read_image(self._paths[0])
        self.size = (first.shape[0], first.shape[1])

    def __len__(self) -> int:
        return len(self._paths)

    def stem(self, index: int) -> str:
        return self._paths[index].stem

    def frame(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self._paths):
            raise IndexError(f"clip {self.name}: frame {index} of {len(self._paths)}")
        path = self._paths[index]
        picture = read_image(path)
        return self._checked(picture, path.name) if self._one_size else picture

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.frame(index) for index in range(len(self._paths)))


class VideoSource(FrameSource):
    """A video file. Reading forward is cheap; reading far back decodes again from the start.

    Frames are counted by decoding: the count and the seek positions in a file's header are often wrong.
    """

    def __init__(self, path: str | Path, cache_frames: int = VIDEO_CACHE_FRAMES) -> None:
        """Open the file and read its first frame.

        Args:
            path: a video file that OpenCV can decode.
            cache_frames: how many decoded frames to keep.

        Raises:
            UserError: the file is missing, no video, or without a frame.
        """
        self._path: Final = Path(path)
        self.name = self._path.stem
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._cache_frames: Final = max(1, cache_frames)
        self._count: int | None = None
        self._capture = self._open()
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if np.isfinite(fps) and 0 < fps < 1000 else None
        self._next = 0
        ok, bgr = self._capture.read()
        if not ok:
            raise UserError(f"video {self._path} has no frame that can be decoded; check or re-encode the file")
        self.size = (bgr.shape[0], bgr.shape[1])
        self._keep(bgr)

    def __len__(self) -> int:
        if self._count is None:
            capture = self._open()
            count = 0
            while capture.grab():
                count += 1
            capture.release()
            self._count = count
        return self._count

    def stem(self, index: int) -> str:
        return f"{index:08d}"

    def frame(self, index: int) -> np.ndarray:
        if index in self._cache:
            return self._cache[index]
        if index < 0 or (self._count is not None and index >= self._count):
            raise IndexError(f"video {self._path}: frame {index} of {self._count}")
        if index < self._next:
            self._rewind()
        while self._next < index and self._capture.grab():
            self._next += 1
        if self._next == index:
            ok, bgr = self._capture.read()
            if ok:
                return self._keep(bgr)
        self._count = self._next
        raise IndexError(f"video {self._path}: frame {index} of {self._count}")

    def __iter__(self) -> Iterator[np.ndarray]:
        index = 0
        while True:
            try:
                frame = self.frame(index)
            except IndexError:
                return
            yield frame
            index += 1

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise UserError(f"video {self._path} cannot be opened; give a video file or a folder of pictures")
        return capture

    def _rewind(self) -> None:
        self._capture.release()
        self._capture = self._open()
        self._next = 0

    def _keep(self, bgr: np.ndarray) -> np.ndarray:
        """Convert the frame just read and remember it."""
        index = self._next
        self._next += 1
        frame = self._checked(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), str(index))
        self._cache[index] = frame
        while len(self._cache) > self._cache_frames:
            self._cache.popitem(last=False)
        return frame


def open_frames(
    source: str | Path | Sequence[str | Path], name: str | None = None, *, one_size: bool = True
) -> FrameSource:
    """Open a clip.

    Args:
        source: a folder of pictures (in natural order), a video file, one picture, or a list of pictures.
        name: the clip's name; by default that of the folder or file.
        one_size: refuse pictures of another size than the first; a video has one size in any case.

    Returns:
        The frame source; its first frame has been read.

    Raises:
        UserError: missing, unreadable or empty.
    """
    if not isinstance(source, str | Path):
        default = Path(source[0]).parent.name if len(source) else "list of frames"
        return ImageListSource(source, name or default, one_size)
    path = Path(source)
    if path.is_dir():
        pictures = list_pictures(path)
        if not pictures:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            raise UserError(f"folder {path} has no pictures; put frames ({kinds}) directly into it")
        return ImageListSource(pictures, name or path.resolve().name, one_size)
    if not path.exists():
        raise UserError(f"video or frame folder {path} does not exist; check the path")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        # OpenCV's video reader would take the digits of the name for a numbered series.
        return ImageListSource([path], name or path.stem)
    video = VideoSource(path)
    video.name = name or video.name
    return video


def list_pictures(folder: Path) -> list[Path]:
    """The picture files directly in a folder, in natural order (frame2 before frame10); hidden files left out."""
    pictures = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(pictures, key=natural_key)


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key of a file name in which runs of digits compare as numbers."""
    parts = re.findall(r"\d+|\D+", path.name)
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part.lower()) for part in parts)
