"""Reading and writing photographs; masks are read and written by `mask_io`, whose names are here, too."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ltr_ext.data.mask_io import IGNORE_LABEL, palette, read_mask, write_mask
from ltr_ext.errors import UserError

__all__ = ["IGNORE_LABEL", "palette", "read_image", "read_mask", "write_jpeg", "write_mask"]


def read_image(path: str | Path) -> np.ndarray:
    """Read a picture as RGB.

    The EXIF orientation is ignored: the boxes and masks of the data sets refer to the stored pixels.

    Args:
        path: an image file that OpenCV can decode.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UserError: the file is missing, is not a picture, or is cut short.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        state = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise UserError(f"image {path} {state}: check the path, or restore the file") from error
    image = None
    if data:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None or _is_cut_short(data):
        raise UserError(f"image {path} cannot be decoded as a picture: check the path, or restore the file")
    return image


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end: OpenCV fills what is missing with grey and says nothing."""
    ends = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND\xaeB`\x82"}
    if not any(data.startswith(start) and not data.endswith(end) for start, end in ends.items()):
        return False
    # Some cameras append bytes of their own: only a full decoding by a stricter reader tells.
    try:
        with Image.open(io.BytesIO(data)) as image:
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
