"""Reading and writing photographs. Masks are handled by `mask_io`, whose functions can be imported from here, too."""

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

# Our own messages say what is wrong with a picture, so OpenCV is silenced (level 0). OpenCV 4 has the first function,
# OpenCV 5 the second.
(cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel)(0)


def read_image(path: str | Path, *, upright: bool = False, levels: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture as RGB.

    A grey picture becomes three equal channels. An alpha channel is dropped, so that transparent pixels show the colour
    stored under them. Pictures of 16 bits keep their upper 8 bits, unless `levels` is given.

    Args:
        path: an image file that OpenCV or Pillow can decode.
        upright: whether the picture is turned as its EXIF orientation says, as people see it. By default it is left as
            stored, since the boxes and masks of data sets refer to the stored pixels.
        levels: the two values of a 16-bit picture that become 0 and 255; values between them are mapped linearly,
            values beyond them are clipped.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UserError: the file is missing, is not a regular file, not a picture, cut short, animated, larger than
            `MAX_PIXELS`, or has pixels that are neither of 8 nor of 16 bits.
    """
    return to_8_bits(read_raw_image(path, upright=upright), levels)


def read_raw_image(path: str | Path, *, upright: bool = False) -> np.ndarray:
    """As `read_image`, but in the stored depth: [H, W, 3] uint8 or uint16 RGB."""
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
    """Convert [H, W, 3] uint16 to uint8, see `read_image`; a uint8 picture is returned as it is."""
    if image.dtype == np.uint8:
        return image
    if levels is None:
        return (image >> 8).astype(np.uint8)
    low, high = levels
    spread = (image.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.clip(np.rint(spread), 0, 255).astype(np.uint8)


def image_size(path: str | Path, *, upright: bool = False) -> tuple[int, int]:
    """The (height, width) of a picture, from its header; `upright` as in `read_image`.

    Raises:
        UserError: as `read_image`, except for damage that shows only when the pixels are decoded.
    """
    return image_header(path).size(upright)


def image_header(path: str | Path) -> PictureHeader:
    """The header of a picture; raises `UserError` as `image_size` does."""
    with open_regular(path, "image") as file:
        return picture_header(file, f"image {path}")


def _decode(data: bytes, header: PictureHeader) -> np.ndarray | None:
    """The stored pixels as [H, W, 3] RGB in their own depth, or None if they cannot be decoded."""
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
    """As `_decode`, by Pillow, which handles alpha, CMYK, Lab and orientation, but not colours of 16 bits."""
    try:
        with open_picture(io.BytesIO(data)) as image:
            if image.mode.startswith("I;16"):
                return np.repeat(np.array(image).astype(np.uint16)[..., None], 3, axis=2)
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError):
        return None


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture [H, W, 3] as its EXIF orientation 1..8 says; from 5 on, height and width change places."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end. OpenCV fills the missing part with grey without a message."""
    ends = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND\xaeB`\x82"}
    if not any(data.startswith(start) and not data.endswith(end) for start, end in ends.items()):
        return False
    # Some cameras append bytes of their own, so only a full decoding by a stricter reader can tell.
    try:
        with open_picture(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError):
        return True
    return False


def write_jpeg(path: str | Path, image: np.ndarray, quality: int) -> None:
    """Write a picture as JPEG.

    Args:
        path: the .jpg file; its folder must exist.
        image: [H, W, 3] uint8 RGB.
        quality: 0 to 100.
    """
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    Path(path).write_bytes(data.tobytes())
