"""What a format of masks on disk has to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from ltr_ext.data.image_io import image_header, read_image, write_jpeg
from ltr_ext.data.trust_table import Trust
from ltr_ext.errors import UserError
from ltr_ext.output import link_or_copy
from ltr_ext.text import counted, one_line

TURNED_QUALITY = 95
"""JPEG quality, 0 to 100, of pictures that are written anew because their EXIF orientation turns them."""


@dataclass(frozen=True)
class SequenceInfo:
    """What a writer knows of a sequence before its first frame."""

    name: str
    safe: str
    """`name` as a file name."""
    sizes: list[tuple[int, int]]
    """(height, width) of the frames."""
    stems: list[str]
    """Names of the frames without suffix."""
    numbers: tuple[int, ...]
    """Numbers of the frames in upstream's file names."""
    objects: dict[int, str]
    """Object id -> what the data set calls it."""
    pictures: tuple[Path, ...] | None
    """The frames' files; None for a video."""
    upright: bool = False
    """Whether masks are of the pictures as their EXIF orientation turns them."""
    symlinks: bool = True
    """Whether pictures beside the masks are symbolic links, where they can be as they are."""


class CannotHoldError(UserError):
    """A sequence cannot be expressed in this format; it may be in another one."""


def refuse_ids_above(largest: int, info: SequenceInfo, format_name: str) -> None:
    """Refuse a sequence with more objects than a format can tell apart.

    Raises:
        CannotHoldError: an object id above `largest`.
    """
    if max(info.objects) > largest:
        raise CannotHoldError(
            f"{info.name}: {counted(len(info.objects), 'object')}, ids up to {max(info.objects)}, but --format "
            f"{format_name} holds {largest}; take --format coco-rle in another --out"
        )


class DamagedPartError(UserError):
    """A file of a finished sequence cannot be read."""

    def __init__(self, path: Path, keys: Iterable[str], error: Exception) -> None:
        """See `read_part`."""
        self.path, self.keys, self.sequence = path, tuple(keys), path.stem
        super().__init__(f"file {path} is damaged ({one_line(error, 100)}); delete sequences/{path.name} and run again")

    def persists(self) -> bool:
        """Whether the file still cannot be read; another process may have replaced it."""
        try:
            read_part(self.path, self.keys)
            return False
        except DamagedPartError:
            return True


class SequenceWriter(Protocol):
    """Writes one sequence in one format below a working folder that has the layout of the output folder."""

    def add(self, index: int, labels: np.ndarray, trust: Mapping[int, Trust]) -> None:
        """Write one frame.

        Args:
            index: of the frame, from 0; ascending.
            labels: [H, W] uint8 or uint16, pixel value = object id.
            trust: object id -> confidence and more of its mask.
        """

    def close(self) -> list[Path]:
        """Finish.

        Returns:
            The files and folders that make up the result, relative to the working folder; each is moved as a whole.
        """


class Format(Protocol):
    """A format by name."""

    name: ClassVar[str]
    has_pictures: ClassVar[bool]
    """Whether the frames stand beside the masks."""

    def start(self, work: Path, info: SequenceInfo) -> SequenceWriter:
        """Begin a sequence.

        Raises:
            CannotHoldError: the sequence cannot be expressed in this format.
            UserError: the format cannot be written here at all.
        """

    def finish(self, out: Path, names: Iterable[str]) -> None:
        """Write the lists that cover the whole data set.

        Args:
            out: the output folder.
            names: file names (`safe`) of the finished sequences, sorted.
        """


def place_pictures(folder: Path, files: Mapping[str, Path], *, upright: bool, symlinks: bool) -> None:
    """Put the frames into a folder; layouts expect frames beside masks.

    Args:
        folder: is made.
        files: stem -> the frame.
        upright: a frame that its EXIF orientation turns is copied, turned, as JPEG: few readers of these layouts turn.
        symlinks: the others are symbolic links; otherwise hard links, or copies.

    Raises:
        OSError: a frame cannot be placed.
    """
    folder.mkdir(parents=True)
    for stem, target in files.items():
        if upright and image_header(target).orientation != 1:
            write_jpeg(folder / f"{stem}.jpg", read_image(target, upright=True), TURNED_QUALITY)
        elif symlinks:
            (folder / f"{stem}{target.suffix}").symlink_to(target.resolve())
        else:
            link_or_copy(target, folder / f"{stem}{target.suffix}")


def parts(folder: Path, names: Iterable[str], keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The json files of finished sequences, one at a time: (file name of the sequence, content).

    Args:
        folder: of the files.
        names: file names of the sequences.
        keys: what the content must have.

    Raises:
        DamagedPartError: a file is not what the format wrote.
    """
    for name in names:
        yield name, read_part(folder / f"{name}.json", keys)


def read_part(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    """The json file of a finished sequence.

    Raises:
        DamagedPartError: it is not what the format wrote, an object with these keys.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not set(keys) <= content.keys():
            raise ValueError(f"it lacks {', '.join(keys)}")
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedPartError(path, keys, error) from error
    return content
