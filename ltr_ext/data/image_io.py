"""Reading photographs and masks, writing palette masks."""

from __future__ import annotations

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
        UserError: the file is missing or is not a picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        state = "cannot be decoded as a picture" if Path(path).is_file() else "does not exist"
        raise UserError(f"image {path} {state}: check the path, or restore the file")
    return image


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
