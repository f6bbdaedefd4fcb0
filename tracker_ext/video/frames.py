"""The frames of a clip, in pictures or in a video file: described in a few bytes, read as they are needed.

A `FrameSource` is a small value that can be pickled and compared; files are opened when a frame is wanted, and no
more than a few frames are kept, so memory does not grow with the length of the clip. Every frame is [H, W, 3] uint8
RGB. docs/inputs.md says what is read and how.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ltr_ext.data.picture_files import IMAGE_SUFFIXES
from ltr_ext.errors import UserError
from tracker_ext.video.frame_source import FrameSource
from tracker_ext.video.picture_frames import Pictures
from tracker_ext.video.video_frames import VideoFrames

__all__ = [
    "FrameSource",
    "Pictures",
    "VideoFrames",
    "list_pictures",
    "natural_key",
    "open_frames",
    "pictures_of",
]

FOREIGN_SUFFIXES = frozenset(
    {".heic", ".heif", ".avif", ".jxl", ".jp2", ".exr", ".dng", ".cr2", ".cr3", ".nef", ".arw"}
)
"""Pictures that are not read, and must not be left out of a clip without a word."""


def open_frames(
    source: str | Path | Sequence[str | Path],
    name: str | None = None,
    *,
    one_size: bool = True,
    upright: bool = False,
) -> Pictures | VideoFrames:
    """Open a clip.

    Args:
        source: a folder of pictures (in natural order), a video file, one picture, or a list of pictures.
        name: the clip's name; by default that of the folder or file.
        one_size: refuse pictures of another size than the first; a video has one size in any case.
        upright: turn pictures as their EXIF orientation says; a video is turned in any case.

    Returns:
        The frame source; its headers have been read, a video has been decoded once.

    Raises:
        UserError: missing, unreadable or empty.
    """
    path = Path(source) if isinstance(source, str | Path) else None
    if path is None:
        paths: Sequence[str | Path] = source  # type: ignore[assignment]
        name = name or (Path(paths[0]).parent.name if len(paths) else "list of frames")
    elif path.is_dir():
        paths, name = pictures_of(path), name or path.resolve().name
    elif not path.exists():
        raise UserError(f"video or frame folder {path} does not exist; check the path")
    elif path.suffix.lower() == ".zip":
        raise UserError(f"{path} is a zip archive; unpack it, frames are read from files (boxes also from an archive)")
    elif is_picture(path):
        paths, name = [path], name or path.stem
    else:
        video = VideoFrames(path, name=name or "")
        _ = video.scan
        return video
    pictures = Pictures(tuple(Path(one) for one in paths), name, one_size=one_size, upright=upright)
    pictures.check()
    return pictures


def is_picture(path: Path) -> bool:
    """Whether a file is to be read as a picture: by its suffix, or as one of the pictures that are refused by name."""
    return path.suffix.lower() in {*IMAGE_SUFFIXES, *FOREIGN_SUFFIXES}


def pictures_of(folder: Path) -> list[Path]:
    """The pictures of a folder of frames.

    Raises:
        UserError: none, or one of a kind that is not read.
    """
    pictures = list_pictures(folder)
    stems = {path.stem for path in pictures}  # beside its converted copy an original does no harm
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if suffix in FOREIGN_SUFFIXES and path.stem not in stems and not path.name.startswith("."):
            raise UserError(
                f"folder {folder}: {path.name} is a picture of a kind that is not read; convert such files to JPEG or "
                "PNG, or move them away"
            )
    if not pictures:
        kinds = ", ".join(sorted(IMAGE_SUFFIXES))
        raise UserError(f"folder {folder} has no pictures; put frames ({kinds}) directly into it")
    return pictures


def list_pictures(folder: Path) -> list[Path]:
    """What has a picture's name directly in a folder, in natural order (frame2 before frame10); no hidden files.

    A pipe, a folder or a dead link of such a name is listed as well: a frame that cannot be read is to be refused by
    name, not left out.
    """
    pictures = [
        path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    ]
    return sorted(pictures, key=natural_key)


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort key of a file name in which runs of digits compare as numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    return tuple((0, int(part), part) if part[0] in "0123456789" else (1, 0, part.lower()) for part in parts)
