"""The checks before a picture is decoded: the kind of file, its size and its orientation.

Files that would block for ever (a pipe), fill the memory (a decompression bomb), or be read only in part (an animation)
are refused here with a message that names them.
"""

from __future__ import annotations

import os
import stat
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from ltr_ext.errors import UserError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""Suffixes of the pictures that are read, in lower case; a file's own suffix may be in upper case."""

MAX_PIXELS = 256_000_000
"""Size of the largest picture that is read. The largest sensors of telephones have 200 megapixels; decoded, a picture
of this size takes 768 MB."""

_WIDE_MODES = ("F", "I", "I;32", "I;32B")
"""Pillow's modes of floating-point and 32-bit pixels, in which nothing says which values are black and white."""

_EXIF_ORIENTATION = 0x0112
_TIFF_SUBFILE_TYPE = 254
_TIFF_BITS = 258
_PILLOW_LIMIT = threading.Lock()

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")  # it warns of damaged tags

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"BM", "a BMP picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"GIF8", "a GIF animation"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftypheic", "an HEIC picture"),
    (4, b"ftypheix", "an HEIC picture"),
    (4, b"ftypheim", "an HEIC picture"),
    (4, b"ftyphevc", "an HEIC picture"),
    (4, b"ftypmif1", "an HEIC picture"),
    (4, b"ftypmsf1", "an HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftypavis", "an AVIF picture"),
    (4, b"ftyp", "an MP4 video"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"%PDF", "a PDF file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
    (0, b"<", "a page of HTML or XML"),
)
_FOREIGN = ("an HEIC picture", "an AVIF picture", "a JPEG XL picture")
"""Kinds of pictures that not every build of OpenCV can decode."""


@dataclass(frozen=True)
class PictureHeader:
    """What the header of a picture says."""

    height: int
    """Number of stored rows."""
    width: int
    """Number of stored columns."""
    orientation: int
    """EXIF orientation: 1 if the picture is shown as stored, 2 to 8 if it is mirrored or turned to be shown. A TIFF
    always has 1, since it is read upright."""
    format: str
    """Pillow's name of the file format: JPEG, PNG, ..."""
    mode: str
    """Pillow's name of the kind of pixel."""
    deep: bool = False
    """Whether this is a TIFF of more than 8 bits per channel."""

    def size(self, upright: bool) -> tuple[int, int]:
        """The (height, width) of the picture as stored, or of the picture as people see it."""
        turned = upright and self.orientation >= 5
        return (self.width, self.height) if turned else (self.height, self.width)


def kind_of_file(start: bytes) -> str | None:
    """The kind of a file by its first bytes, in words with an article ("a PNG picture"); None if it is unknown."""
    for offset, mark, kind in _SIGNATURES:
        if start[offset:].startswith(mark):
            return kind
    return None


def open_regular(path: str | Path, what: str) -> IO[bytes]:
    """Open a regular file, or a link to one, for reading; anything else is refused, since opening a pipe would block.

    Args:
        path: the file.
        what: what the file is, for messages: image, mask, frame, video.

    Raises:
        UserError: the file is missing, may not be read, or is a folder, pipe, socket or device.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UserError(f"{what} {path} is no file but {_kind_of_entry(path)}: check the path")
        return open(path, "rb")
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            state = "is a link to a file that does not exist" if os.path.islink(path) else "does not exist"
        else:
            state = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise UserError(f"{what} {path} {state}: check the path, or restore the file") from error


def picture_header(file: IO[bytes], label: str) -> PictureHeader:
    """Read a picture's header, and refuse a file that cannot be decoded to a single picture of a reasonable size.

    Args:
        file: open at its start; the position afterwards is undefined.
        label: how messages call the file, such as "image a.png".

    Raises:
        UserError: the file is empty, not a picture, of a kind that is not read, animated, of several pages, or larger
            than `MAX_PIXELS`.
    """
    start = file.read(64)
    file.seek(0)
    kind = kind_of_file(start)
    if not start:
        raise UserError(f"{label} cannot be decoded as a picture: it is empty (0 bytes); restore the file")
    if kind in _FOREIGN:
        raise UserError(f"{label} is {kind}, which is not read: convert it to JPEG or PNG")
    try:
        with open_picture(file) as image:
            refuse_bomb(image.width, image.height, label)
            header = _header(image)
            pages = _count_pages(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, TypeError, OverflowError) as error:
        if kind is None or "picture" in kind:
            reason = "it is damaged, or of a kind that is not read; restore it, or convert it to an 8-bit PNG"
        else:
            reason = f"it is {kind}; check the path, or restore the file"
        raise UserError(f"{label} cannot be decoded as a picture: {reason}") from error
    if header.mode in _WIDE_MODES:
        raise UserError(f"{label} holds numbers of 32 bits or with a point: convert it to 8 or 16 bits per channel")
    if pages > 1:
        raise UserError(f"{label} holds {pages} pictures ({header.format}): write each to a file of its own")
    return header


def open_picture(file: IO[bytes]) -> Image.Image:
    """Open a picture of any size with Pillow; the caller has to check its header before it decodes the pixels.

    Pillow's own limit is lower than the size of some telephones' pictures, and prints warnings. It is lifted during
    this call alone.
    """
    with _PILLOW_LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def refuse_bomb(width: int, height: int, label: str) -> None:
    """Refuse a picture larger than `MAX_PIXELS`, before its pixels take up memory.

    Raises:
        UserError: the picture is too large.
    """
    if width * height > MAX_PIXELS:
        raise UserError(
            f"{label} is {width}x{height}, {width * height / 1e6:.0f} megapixels; at most {MAX_PIXELS / 1e6:.0f} are "
            "read: scale it down"
        )


def _header(image: Image.Image) -> PictureHeader:
    deep = image.format == "TIFF" and max(_tags(image).get(_TIFF_BITS, (1,))) > 8
    # Every decoder turns a TIFF by itself, and Pillow gives the size of the turned picture.
    orientation = 1 if image.format == "TIFF" else _orientation(image)
    return PictureHeader(image.height, image.width, orientation, str(image.format), image.mode, deep)


def _tags(image: Image.Image) -> Any:
    return image.tag_v2  # type: ignore[attr-defined]


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation of a picture; 1 if it has none, or a meaningless or damaged one."""
    try:
        # The method of the base class, since that of a PNG would decode the pixels first.
        value = Image.Image.getexif(image).get(_EXIF_ORIENTATION, 1)
    except Exception:  # damaged metadata makes Pillow raise errors of many kinds, and the pixels may still be intact
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _count_pages(image: Image.Image) -> int:
    """The number of pictures in a file, without the reduced copies in a TIFF and the second view in a camera's MPO."""
    if image.format in ("MPO", "JPEG"):
        return 1
    pages = int(getattr(image, "n_frames", 1))
    if image.format != "TIFF" or pages == 1:
        return pages
    small = 0
    for page in range(1, pages):
        image.seek(page)
        small += int(_tags(image).get(_TIFF_SUBFILE_TYPE, 0)) & 1
    return pages - small


def _kind_of_entry(path: str | Path) -> str:
    mode = os.stat(path).st_mode
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((kind for test, kind in kinds if test(mode)), "a device")
