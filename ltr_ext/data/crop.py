"""Crops around boxes, and the way back from a crop to its image (paper sections 3.4 and 3.5).

A crop is a rectangle of whole image pixels that is resized to the network's input size. Coordinates are continuous and
pixel edges lie at integers, so that the map from image to crop is u = (x - left) * out_width / width, without any
half-pixel term. Resampling with half-pixel centres (OpenCV's convention) implements exactly this map.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ltr_ext.data.boxes import MOST_PIXELS
from ltr_ext.errors import UserError

MIN_COVER = 1.15
"""A crop is never smaller than this multiple of its box, whatever the scale and the size of the image are."""


@dataclass(frozen=True)
class Crop:
    """A rectangle in an image, and the size to which it is resized."""

    left: int
    top: int
    width: int
    height: int
    """`left`, `top`, `width` and `height` are the region in image pixels; it may extend beyond the image."""
    out_hw: tuple[int, int]
    """Size of the crop, (height, width) in crop pixels."""

    @property
    def zoom(self) -> np.ndarray:
        """[2] crop pixels per image pixel, (x, y)."""
        return np.array([self.out_hw[1] / self.width, self.out_hw[0] / self.height])

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Cut the crop from an image; pixels outside the image repeat its edge.

        Args:
            image: [H, W, 3] uint8.

        Returns:
            [*out_hw, 3] uint8.
        """
        return self._resize(self._region(image, cv2.BORDER_REPLICATE))

    def cut_mask(self, labels: np.ndarray) -> np.ndarray:
        """Cut the crop from an id mask, by nearest neighbour; pixels outside the image are 0.

        Args:
            labels: [H, W] uint8.

        Returns:
            [*out_hw] uint8.
        """
        region = self._region(labels, cv2.BORDER_CONSTANT)
        return cv2.resize(region, self.out_hw[::-1], interpolation=cv2.INTER_NEAREST_EXACT)

    def paste(self, values: np.ndarray, image_hw: tuple[int, int], outside: float) -> np.ndarray:
        """Resample values of the crop to the image's pixels: the inverse of `cut`.

        Args:
            values: [*out_hw] float32, for example logits.
            image_hw: (height, width) of the image.
            outside: value of the image pixels that the crop does not cover.

        Returns:
            [*image_hw] float32.
        """
        shrinks = self.width < self.out_hw[1]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        region = cv2.resize(values, (self.width, self.height), interpolation=interpolation)
        out = np.full(image_hw, outside, dtype=np.float32)
        (top, bottom), (left, right) = self._inside(image_hw)
        out[top:bottom, left:right] = region[top - self.top : bottom - self.top, left - self.left : right - self.left]
        return out

    def boxes_to_crop(self, boxes: np.ndarray) -> np.ndarray:
        """Convert boxes [..., 4] (x, y, w, h) from image pixels to crop pixels, float64."""
        boxes = np.asarray(boxes, dtype=np.float64)
        corner = (boxes[..., :2] - [self.left, self.top]) * self.zoom
        return np.concatenate([corner, boxes[..., 2:] * self.zoom], axis=-1)

    def shares(self, image_hw: tuple[int, int]) -> np.ndarray:
        """The region [4] float32 (x, y, w, h), as fractions of the image's width and height."""
        region = np.array([self.left, self.top, self.width, self.height], np.float32)
        return region / np.tile(np.array(image_hw[::-1], np.float32), 2)

    def _inside(self, image_hw: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns of the image that the region covers, as half-open ranges."""
        rows = (max(self.top, 0), max(min(self.top + self.height, image_hw[0]), 0))
        columns = (max(self.left, 0), max(min(self.left + self.width, image_hw[1]), 0))
        return rows, columns

    def _region(self, image: np.ndarray, border: int) -> np.ndarray:
        (top, bottom), (left, right) = self._inside(image.shape[:2])
        region = image[top:bottom, left:right]
        padding = (top - self.top, self.top + self.height - bottom, left - self.left, self.left + self.width - right)
        return region if not any(padding) else cv2.copyMakeBorder(region, *padding, border)

    def _resize(self, region: np.ndarray) -> np.ndarray:
        shrinks = self.width > self.out_hw[1]
        return cv2.resize(region, self.out_hw[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def crop_around(
    box: np.ndarray,
    image_hw: tuple[int, int],
    scale: float,
    out_hw: tuple[int, int],
    shift: tuple[float, float] = (0.0, 0.0),
) -> Crop:
    """Choose the crop of a box.

    The region has the aspect ratio of `out_hw`, and its area is `scale` squared times the area of the visible part of
    the box. It is shrunk to fit into the image, but never so far that it does not hold the visible part of the box with
    a margin (`MIN_COVER`), and it is moved into the image where it fits.

    Args:
        box: (x, y, w, h) in image pixels; it overlaps the image (see `check_box`).
        image_hw: (height, width) of the image.
        scale: square root of the region's area over the box's area.
        out_hw: (height, width) of the crop in crop pixels.
        shift: displacement (x, y) of the centre in units of the visible box's sides; a training augmentation.
    """
    height, width = image_hw
    x, y, w, h = box
    # The part outside the image holds no information: centre on the visible part.
    x0, y0, x1, y1 = max(x, 0.0), max(y, 0.0), min(x + w, width), min(y + h, height)
    w, h = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    centre = ((x0 + x1) / 2 + shift[0] * w, (y0 + y1) / 2 + shift[1] * h)
    aspect = out_hw[1] / out_hw[0]
    region_h = scale * np.sqrt(w * h / aspect)
    region_w = region_h * aspect
    fits = min(1.0, width / region_w, height / region_h)
    covers = max(MIN_COVER * w / region_w, MIN_COVER * h / region_h)
    factor = max(fits, covers)
    region_w, region_h = max(round(region_w * factor), 1), max(round(region_h * factor), 1)
    left = _place(centre[0], region_w, width, x0, x1)
    top = _place(centre[1], region_h, height, y0, y1)
    return Crop(left, top, region_w, region_h, out_hw)


def search_region(box: np.ndarray, image_hw: tuple[int, int], scale: float, out_hw: tuple[int, int]) -> Crop:
    """Choose the region in which LWL searches for the object ("inside_major" in upstream).

    The region has the aspect ratio of `out_hw`, and its area is `scale` squared times the area of the box. It is shrunk
    until the axis that exceeds the image less fits, and moved into the image on each axis that fits. It need not hold
    the box.

    Args:
        box: (x, y, w, h) in image pixels; it may lie outside the image.
        image_hw: (height, width) of the image.
        scale: square root of the region's area over the box's area.
        out_hw: (height, width) of the crop in crop pixels.

    Raises:
        UserError: the box is not finite, or lies beyond any picture.
    """
    if not np.abs(box).max() <= MOST_PIXELS:
        raise UserError(f"box {','.join(f'{value:g}' for value in box)} is none of a picture; give x,y,w,h in pixels")
    height, width = image_hw
    x, y, w, h = box
    aspect = out_hw[1] / out_hw[0]
    region_h = scale * np.sqrt(w * h / aspect)
    factor = min(1.0, max(width / (region_h * aspect), height / region_h))
    region_w, region_h = max(round(region_h * aspect * factor), 1), max(round(region_h * factor), 1)
    left = _shift_inside(x + w / 2, region_w, width)
    top = _shift_inside(y + h / 2, region_h, height)
    return Crop(left, top, region_w, region_h, out_hw)


def _shift_inside(centre: float, length: int, limit: int) -> int:
    """The start of a range of `length` around `centre`, moved inside [0, limit]; a longer range is centred on it."""
    if length > limit:
        return round((limit - length) / 2)
    return int(np.clip(round(centre - length / 2), 0, limit - length))


def _place(centre: float, length: int, limit: int, low: float, high: float) -> int:
    """The start of a range of `length` around `centre`, moved so that it holds [low, high], then as `_shift_inside`."""
    start = round(centre - length / 2)
    start = int(np.clip(start, np.ceil(high) - length, np.floor(low)))
    return int(np.clip(start, 0, limit - length)) if length <= limit else round((limit - length) / 2)
