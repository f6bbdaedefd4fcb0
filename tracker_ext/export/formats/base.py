"""What a format of `run_export.py` has to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from ltr_ext.data.image_io import image_header, write_jpeg
from ltr_ext.output import link_or_copy
from ltr_ext.text import counted
from tracker_ext.export.frames import ClipFrames
from tracker_ext.export.masks import present
from tracker_ext.export.soft import SoftEdges
from tracker_ext.video.frames import Pictures

EXTRACTED_QUALITY = 95
"""Of JPEG, 0 to 100."""


@dataclass(frozen=True)
class ExportOptions:
    """What the user asked for beyond formats."""

    polygons: bool = False
    """coco, cvat: polygons where run lengths are the default."""
    simplify: float = 0.0
    """Pixels by which corners of polygons may move; 0 keeps every one."""
    extract_frames: bool = False
    """Write frames of videos as JPEG where a format has pictures."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Object id -> its class."""
    label: str = "object"
    """Class of all others."""
    gif_width: int = 480
    """Pixels; wider clips are made smaller."""

    def label_of(self, object_id: int) -> str:
        """The class of an object."""
        return self.labels.get(object_id, self.label)


@dataclass(frozen=True)
class ExportClip:
    """A clip on its way out."""

    name: str
    """As a file name: without `/`."""
    stems: tuple[str, ...]
    """Name of each frame that has a mask."""
    sizes: tuple[tuple[int, int], ...]
    """(height, width) of each."""
    numbers: tuple[int, ...]
    """Number of each frame in its video, from 0, ascending."""
    length: int
    """Frames of the video."""
    ids: tuple[int, ...]
    """Objects, ascending."""
    objects: Mapping[int, str]
    """Object id -> what the boxes' file called it, where that is known."""
    frames: ClipFrames | None

    @property
    def fps(self) -> float | None:
        """Frames per second of the video, if known."""
        return None if self.frames is None else self.frames.source.fps

    def picture_name(self, index: int) -> str:
        """File name of a frame's picture: as it is, or JPEG."""
        path = None if self.frames is None else self.frames.picture(index)
        return f"{self.stems[index]}{'.jpg' if path is None or self.is_turned(index) else path.suffix}"

    def is_turned(self, index: int) -> bool:
        """Whether the picture of a frame has to be turned by its EXIF orientation, which few readers do."""
        source = None if self.frames is None else self.frames.source
        if not isinstance(source, Pictures) or not source.upright:
            return False
        return image_header(source.paths[self.numbers[index]]).orientation != 1


@dataclass
class ExportFrame:
    """One frame with its mask."""

    clip: ExportClip
    index: int
    labels: np.ndarray
    """[H, W] uint8 or uint16, pixel value = object id."""
    image: np.ndarray | None
    """[H, W, 3] uint8 RGB, if a format asked for it."""
    soft: SoftEdges | None = None
    """Soft edges of the objects, if the user asked for them."""

    @property
    def stem(self) -> str:
        """Name without suffix."""
        return self.clip.stems[self.index]

    @cached_property
    def ids(self) -> list[int]:
        """Objects on this frame."""
        return present(self.labels)

    def alpha(self, object_id: int) -> np.ndarray:
        """[H, W] uint8, 0..255: how much of each pixel an object on this frame covers."""
        if self.soft is not None:
            return self.soft.alpha(object_id, self.stem, self.clip.sizes[self.index])
        return (self.labels == object_id).astype(np.uint8) * np.uint8(255)

    def masks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Object id and mask [H, W] bool of each object on this frame."""
        return ((object_id, self.labels == object_id) for object_id in self.ids)


class FormatWriter:
    """Writes clips one after another, frame by frame, in one format."""

    name: ClassVar[str]
    """On the command line."""
    summary: ClassVar[str]
    """What it is, for `--help`."""
    needs_frames: ClassVar[bool] = False
    """Whether it can do nothing without the frames."""
    has_alpha: ClassVar[bool] = False
    """Whether it can hold soft edges."""
    has_pictures: ClassVar[bool] = False
    """Whether pictures are put beside, if they are known."""

    def __init__(self, folder: Path, options: ExportOptions) -> None:
        """Begin.

        Args:
            folder: empty; of this format alone.
            options: what the user asked for.

        Raises:
            UserError: the format cannot be written here at all.
        """
        self.folder, self.options = folder, options
        self.holes = 0
        """Masks whose holes a polygon could not keep."""
        self._without_pictures = False

    def start(self, clip: ExportClip) -> None:
        """Begin a clip.

        Raises:
            UserError: the format cannot hold it.
        """

    def add(self, frame: ExportFrame) -> None:
        """Write the next frame of the clip."""
        raise NotImplementedError

    def end(self, clip: ExportClip) -> None:
        """Finish a clip."""

    def finish(self) -> None:
        """Write what covers all clips."""

    def notes(self) -> list[str]:
        """What the user should know of the result."""
        notes = []
        if self.holes:
            notes.append(f"{self.name}: holes of {counted(self.holes, 'mask')} are filled, a polygon has none")
        if self._without_pictures:
            notes.append(f"{self.name}: no pictures; {self.pictures_hint} puts them beside")
        return notes

    pictures_hint = "--frames VIDEO_OR_FOLDER (of a video with --extract-frames)"

    def place_picture(self, frame: ExportFrame, folder: Path) -> None:
        """Put a frame's picture into a folder: its file, or a JPEG if it is a video's and that is asked for.

        The file is linked, which takes no room, or copied where that cannot be. Symbolic links will not do: readers of
        data sets refuse what leads out of the folder.

        Args:
            frame: whose picture is to be placed; without known frames nothing happens.
            folder: is made if need be.
        """
        clip, index = frame.clip, frame.index
        source = None if clip.frames is None else clip.frames.picture(index)
        if source is None and frame.image is None:
            self._without_pictures = True
            return
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / clip.picture_name(index)
        if source is None or clip.is_turned(index):
            image = frame.image if frame.image is not None else clip.frames.frame(index, clip.sizes[index])  # type: ignore[union-attr]
            write_jpeg(target, image, EXTRACTED_QUALITY)
            return
        link_or_copy(source, target)
