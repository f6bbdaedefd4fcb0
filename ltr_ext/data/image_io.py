"""Reading photographs and masks, writing palette masks."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ltr_ext.errors import UserError

IGNORE_LABEL = 255
"""Mask value that stands for "undecided": counts in no loss and no metric."""


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


def read_mask(path: str | Path) -> np.ndarray:
    """Read an id mask: palette or grey PNG, or the first channel of a colour one.

    Args:
        path: an image file.

    Returns:
        [H, W] uint8; 0 is background, 255 (`IGNORE_LABEL`) undecided, other values are object ids.

    Raises:
        UserError: the file is missing or is not a picture.
    """
    try:
        with Image.open(path) as image:
            labels = np.array(image)
    except (FileNotFoundError, UnidentifiedImageError, OSError) as error:
        raise UserError(f"mask {path} cannot be read ({error}): check the path, or restore the file") from error
    if labels.ndim == 3:
        labels = labels[..., 0]
    return np.ascontiguousarray(labels, dtype=np.uint8)


def palette() -> np.ndarray:
    """The 256 colours of DAVIS: the bits of the id dealt out to the channels, highest first.

    Returns:
        [256, 3] uint8 RGB.
    """
    ids = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for level in range(8):
        for channel in range(3):
            bit = (ids >> (3 * level + channel)) & 1
            colours[:, channel] |= (bit << (7 - level)).astype(np.uint8)
    return colours


def write_mask(path: str | Path, labels: np.ndarray) -> None:
    """Write an id mask as palette PNG; the pixel value is the object id.

    Args:
        path: the PNG file; its folder exists.
        labels: [H, W] integers in 0..255.
    """
    image = Image.fromarray(np.asarray(labels, dtype=np.uint8))
    image.putpalette(palette().ravel().tolist())
    image.save(path, format="PNG")


def write_jpeg(path: str | Path, image: np.ndarray, quality: int) -> None:
    """Write a picture.

    Args:
        path: the .jpg file; its folder exists.
        image: [H, W, 3] uint8 RGB.
        quality: 0 to 100.
    """
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    Path(path).write_bytes(data.tobytes())
