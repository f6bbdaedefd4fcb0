"""Reading and writing photographs; masks are read and written by `mask_io`, whose names are here, too."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np

from ltr_ext.data.mask_io import IGNORE_LABEL, palette, read_mask, write_mask
from ltr_ext.data.picture_files import PictureHeader, open_picture, open_regular, picture_header
from ltr_ext.errors import UserError

__all__ = [
    "IGNORE_LABEL",
    "image_header",
    "image_size",
    "palette",
    "read_image",
    "read_mask",
    "read_raw_image",
    "to_8_bits",
    "write_jpeg",
    "write_mask",
]

# What is wrong with a picture, we say ourselves. OpenCV 4 has the one function, OpenCV 5 the other; 0 is silence.
(cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel)(0)


def read_image(path: str | Path, *, upright: bool = False, levels: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture as RGB.

    Grey becomes three equal channels; an alpha channel is left out, whatever lies under it is shown. Of 16 bits the
    upper 8 are taken, unless `levels` says otherwise.

    Args:
        path: an image file that OpenCV can decode.
        upright: turn the picture as its EXIF orientation says and people see it. By default it is as stored: that is
            what boxes and masks of the data sets refer to.
        levels: values of 16-bit pictures that become 0 and 255; those between are spread, those beyond are clipped.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UserError: missing, no file, no picture, cut short, animated, above `MAX_PIXELS`, or of numbers that are no
            shades of 8 or 16 bits.
    """
    return to_8_bits(read_raw_image(path, upright=upright), levels)


def read_raw_image(path: str | Path, *, upright: bool = False) -> np.ndarray:
    """As `read_image`, in the depth it is stored in: [H, W, 3] uint8 or uint16 RGB."""
    with open_regular(path, "image") as file:
        header = picture_header(file, f"image {path}")
        file.seek(0)
        data = file.read()
    image = _decode(data, header)
    if image is None or _is_cut_short(data):
        raise UserError(f"image {path} cannot be decoded as a picture: it is damaged or cut short; restore the file")
    if image.dtype not in (np.uint8, np.uint16):
        raise UserError(f"image {path} holds numbers of type {image.dtype}: convert it to 8 or 16 bits per channel")
    return _turned(image, header.orientation) if upright else image


def to_8_bits(image: np.ndarray, levels: tuple[int, int] | None = None) -> np.ndarray:
    """[H, W, 3] uint8 of uint8 (as it is) or uint16 (see `read_image`)."""
    if image.dtype == np.uint8:
        return image
    if levels is None:
        return (image >> 8).astype(np.uint8)
    low, high = levels
    spread = (image.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.clip(np.rint(spread), 0, 255).astype(np.uint8)


def image_size(path: str | Path, *, upright: bool = False) -> tuple[int, int]:
    """(height, width) of a picture, from its header.

    Raises:
        UserError: as `read_image`, but for what shows only when pixels are decoded.
    """
    return image_header(path).size(upright)


def image_header(path: str | Path) -> PictureHeader:
    """What a picture says of itself; raises `UserError` as `image_size` does."""
    with open_regular(path, "image") as file:
        return picture_header(file, f"image {path}")


def _decode(data: bytes, header: PictureHeader) -> np.ndarray | None:
    """[H, W, 3] RGB of the stored pixels, in the depth they have; None if they cannot be decoded."""
    if header.format == "TIFF" and not (header.deep and header.mode in ("RGB", "RGBA", "RGBX")):
        return _decode_tiff(data)
    of_tiff = header.format == "TIFF"
    flags = cv2.IMREAD_UNCHANGED if of_tiff else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return np.ascontiguousarray(image[..., 2::-1]) if of_tiff and image is not None else image


def _decode_tiff(data: bytes) -> np.ndarray | None:
    """As `_decode`, by Pillow: alpha, CMYK, Lab and orientation come out right, but not colours of 16 bits."""
    try:
        with open_picture(io.BytesIO(data)) as image:
            if image.mode.startswith("I;16"):
                return np.repeat(np.array(image).astype(np.uint16)[..., None], 3, axis=2)
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError):
        return None


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """A picture [H, W, 3] as its EXIF orientation 1..8 says; the sides change places from 5 on."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end: OpenCV fills what is missing with grey and says nothing."""
    ends = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND\xaeB`\x82"}
    if not any(data.startswith(start) and not data.endswith(end) for start, end in ends.items()):
        return False
    # Some cameras append bytes of their own: only a full decoding by a stricter reader tells.
    try:
        with open_picture(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError):
        return True
    return False


def write_jpeg(path: str | Path, image: np.ndarray, quality: int) -> None:
    """Write a picture.

    Args:
        path: the .jpg file; its folder exists.
        image: [H, W, 3] uint8 RGB.
        quality: 0 to 100.
    """
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    Path(path).write_bytes(data.tobytes())
