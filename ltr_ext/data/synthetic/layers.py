"""Layers of a synthetic clip: pictures with opacity that move over a canvas."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.synthetic.motion import Motion
from ltr_ext.data.synthetic.photometry import line_kernel
from ltr_ext.data.synthetic.warps import Region, affine, bend_field, sampling_map


@dataclass(frozen=True)
class Shadow:
    """A soft shadow of a layer on the layers below it."""

    shift: tuple[float, float]
    """Offset (x, y) of the shadow from the layer, in canvas pixels."""
    blur: float
    """Standard deviation of its soft edge, in canvas pixels."""
    depth: float
    """Share of the light that it takes away, 0..1."""

    def light(self, opacity: np.ndarray) -> np.ndarray:
        """The factor [H, W] float32 by which the shadow of a layer with this opacity [H, W] darkens lower layers."""
        # A shadow is smooth, so that a quarter of the resolution is enough.
        height, width = opacity.shape
        small = cv2.resize(opacity, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        move = np.array([[1, 0, self.shift[0] / 4], [0, 1, self.shift[1] / 4]], np.float32)
        small = cv2.warpAffine(small, move, small.shape[::-1])
        small = cv2.GaussianBlur(small, (0, 0), max(self.blur / 4, 0.5))
        return 1 - self.depth * cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _draw_shadow(rng: np.random.Generator, size: float) -> Shadow:
    """Draw a shadow, mostly below the layer, as the sun casts it; `size` is the layer's size in canvas pixels."""
    shift = (rng.normal(0, 0.15) * size, abs(rng.normal(0, 0.15)) * size)
    return Shadow(shift, rng.uniform(0.01, 0.12) * size, rng.uniform(0.2, 0.7))


EDGE_BLUR = 0.7
"""Standard deviation of the soft edge of a cut-out object, in canvas pixels."""
LONGEST_BLUR = 24.0
"""Largest length of the motion blur, in canvas pixels."""


@dataclass(frozen=True)
class Rendered:
    """A layer as it looks at one time, in the region of the canvas that it covers."""

    region: Region
    """Rows and columns of the canvas, h x w pixels."""
    picture: np.ndarray
    """[h, w, 3] float32 RGB."""
    opacity: np.ndarray
    """[h, w] float32, 0..1."""
    labels: np.ndarray
    """[h, w] uint8: 1 object, 0 background, 255 undecided."""


@dataclass(frozen=True)
class Layer:
    """A picture with its labels, its position on the canvas and its motion."""

    picture: np.ndarray
    """[h, w, 3] uint8 RGB, in layer pixels."""
    labels: np.ndarray
    """[h, w] uint8: 1 object, 0 background, 255 undecided."""
    opaque: bool
    """Whether the layer fills the canvas; otherwise it is visible where its labels are 1."""
    canvas_hw: tuple[int, int]
    """(height, width) of the frame."""
    centre: tuple[float, float]
    """Position (x, y) of the layer's middle at half time, in canvas pixels."""
    zoom: float
    """Canvas pixels per layer pixel at half time."""
    size: float
    """The unit of `Motion.travel`, in canvas pixels."""
    motion: Motion
    shadow: Shadow | None = None

    @staticmethod
    def background(picture: np.ndarray, labels: np.ndarray | None, canvas_hw: tuple[int, int], motion: Motion) -> Layer:
        """Make a layer that fills the canvas; without labels all of it is background."""
        if labels is None:
            labels = np.zeros(picture.shape[:2], np.uint8)
        zoom = max(canvas_hw[0] / picture.shape[0], canvas_hw[1] / picture.shape[1])
        centre = (canvas_hw[1] / 2, canvas_hw[0] / 2)
        return Layer(picture, labels, True, canvas_hw, centre, zoom, min(canvas_hw), motion)

    @staticmethod
    def cut_out(
        rng: np.random.Generator,
        picture: np.ndarray,
        mask: np.ndarray,
        canvas_hw: tuple[int, int],
        size: float,
        motion: Motion,
        near: Layer | None = None,
        shadow_share: float = 0.0,
    ) -> Layer:
        """Make a layer of an object that is cut out of its photograph, at a random position.

        Args:
            rng: random generator.
            picture: [H, W, 3] uint8 RGB.
            mask: [H, W] bool, the object; not empty.
            canvas_hw: (height, width) of the frame.
            size: square root of the object's area on the canvas, in pixels; smaller if the photograph is too small.
            motion: the motion of the layer.
            near: a layer near which the object is placed, so that the two meet.
            shadow_share: probability that the object casts a shadow.
        """
        box = mask_to_box(mask)
        assert box is not None
        x, y, w, h = box.astype(int)
        margin = 4
        rows = slice(max(y - margin, 0), y + h + margin)
        columns = slice(max(x - margin, 0), x + w + margin)
        # Enlarging a photograph further would only show its lack of detail.
        zoom = min(size / np.sqrt(mask.sum()), 1.6)
        size = zoom * np.sqrt(mask.sum())
        if near is None:
            centre = (rng.uniform(0.2, 0.8) * canvas_hw[1], rng.uniform(0.2, 0.8) * canvas_hw[0])
        else:
            distance = rng.normal(0, 0.9, 2) * near.size
            centre = (near.centre[0] + distance[0], near.centre[1] + distance[1])
        shadow = _draw_shadow(rng, size) if rng.random() < shadow_share else None
        picture, labels = picture[rows, columns], mask[rows, columns].astype(np.uint8)
        return Layer(picture, labels, False, canvas_hw, centre, zoom, size, motion, shadow)

    def render(self, time: float, exposure: float = 0.0) -> Rendered:
        """Render the layer, in the region of the canvas that it covers.

        Args:
            time: from 0 to 1, the whole clip.
            exposure: how long the shutter is open, in the same unit; it causes the motion blur.
        """
        way = self._place(time + exposure / 2) - self._place(time - exposure / 2)
        length = min(float(np.hypot(*way)), LONGEST_BLUR)
        if length < 2:
            return self._still(time)
        seen = self._still(time, margin=length / 2)
        kernel = line_kernel(length, float(np.arctan2(way[1], way[0])))
        if self.opaque:
            return replace(seen, picture=cv2.filter2D(seen.picture, -1, kernel))
        # Colours are blurred with the opacity as weight, so that those of the object's surroundings do not mix in.
        opacity = cv2.filter2D(seen.opacity, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        light = cv2.filter2D(seen.picture * seen.opacity[..., None], -1, kernel, borderType=cv2.BORDER_REPLICATE)
        picture = light / np.maximum(opacity, 1e-3)[..., None]
        return Rendered(seen.region, picture, opacity, (opacity > 0.5).astype(np.uint8))

    def _still(self, time: float, margin: float = 0.0) -> Rendered:
        """As `render`, but without motion blur; the region is `margin` canvas pixels wider on each side."""
        motion = self.motion
        matrix, field = self._matrix(time), bend_field(motion.start.mix(motion.end, time))
        region = (
            (slice(0, self.canvas_hw[0]), slice(0, self.canvas_hw[1]))
            if self.opaque
            else self._reach(matrix, field, margin)
        )
        source = sampling_map(matrix, field, self.labels.shape, self.canvas_hw, region)
        border = cv2.BORDER_REFLECT_101 if self.opaque else cv2.BORDER_REPLICATE
        picture = cv2.remap(self.picture, *source, cv2.INTER_LINEAR, borderMode=border).astype(np.float32)
        if self.opaque:
            labels = cv2.remap(self.labels, *source, cv2.INTER_NEAREST, borderMode=border)
            return Rendered(region, picture, np.ones(self.canvas_hw, np.float32), labels)
        soft = cv2.remap(self.labels * np.uint8(255), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        soft = cv2.GaussianBlur(soft, (0, 0), EDGE_BLUR).astype(np.float32) / 255
        return Rendered(region, picture, soft, (soft > 0.5).astype(np.uint8))

    def _reach(self, matrix: np.ndarray, field: np.ndarray, further: float = 0.0) -> Region:
        """The region of the canvas that the layer can cover, with a margin of `further` pixels; at least one pixel."""
        height, width = self.labels.shape
        # A bend moves the outline by at most its largest displacement, the soft edge by four standard deviations.
        bend = np.abs(field).max(axis=(0, 1)) * (width, height) + 1
        x0, y0, x1, y1 = -bend[0], -bend[1], width + bend[0], height + bend[1]
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]]) @ matrix.T
        margin = 4 * EDGE_BLUR + 1 + further
        low = np.floor(corners.min(axis=0) - margin).astype(int)
        high = np.ceil(corners.max(axis=0) + margin).astype(int)
        columns, rows = (
            slice(int(np.clip(start, 0, side - 1)), int(np.clip(stop, np.clip(start, 0, side - 1) + 1, side)))
            for start, stop, side in zip(low, high, self.canvas_hw[::-1], strict=True)
        )
        return rows, columns

    def full_area(self, time: float) -> float:
        """The area of the unoccluded object at that time, in canvas pixels."""
        return float((self.labels == 1).sum()) * (self.zoom * np.exp(self.motion.growth * (time - 0.5))) ** 2

    def _place(self, time: float) -> np.ndarray:
        """[2] position (x, y) of the layer's middle at that time, in canvas pixels."""
        motion = self.motion
        swing = motion.wobble[0] * np.sin(2 * np.pi * time + motion.wobble[1])
        return np.array(self.centre) + (motion.travel * (time - 0.5) + swing) * self.size

    def _matrix(self, time: float) -> np.ndarray:
        """[2, 3] affine map from layer to canvas pixels at that time."""
        motion, late = self.motion, time - 0.5
        to = self._place(time)
        return affine(
            centre=(self.labels.shape[1] / 2, self.labels.shape[0] / 2),
            to=(to[0], to[1]),
            # A background that shrank below the canvas would show its mirrored border, so it starts larger.
            zoom=self.zoom * np.exp(motion.growth * late) * (1.1 if self.opaque else 1.0),
            angle=motion.tilt + motion.turn * late,
            shear=motion.shear * time,
            mirror=motion.mirror,
        )


def fill_hole(rng: np.random.Generator, picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Replace an object by texture from elsewhere in its photograph.

    Shifted and flipped copies of the photograph fill the hole one after the other; pixels that none of them fills are
    interpolated from their surroundings.

    Args:
        rng: random generator.
        picture: [H, W, 3] uint8 RGB.
        hole: [H, W] bool, the object.

    Returns:
        [H, W, 3] uint8 RGB.
    """
    height, width = hole.shape
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    filled, missing = picture.copy(), grown.copy()
    for _ in range(4):
        if not missing.any():
            break
        flip = rng.random() < 0.5
        texture, blocked = (picture[:, ::-1], grown[:, ::-1]) if flip else (picture, grown)
        shift = (rng.integers(height // 6 + 1) * rng.choice([-1, 1]), rng.integers(width // 5, width))
        texture, blocked = np.roll(texture, shift, (0, 1)), np.roll(blocked, shift, (0, 1))
        usable = missing & ~blocked
        filled[usable] = texture[usable]
        missing &= blocked
    # The remaining pixels get the blurred picture, computed without the missing pixels.
    known = (~missing).astype(np.float32)
    sigma = max(height, width) / 40
    blurred = cv2.GaussianBlur(filled * known[..., None], (0, 0), sigma)
    weight = cv2.GaussianBlur(known, (0, 0), sigma)
    average = blurred / np.maximum(weight, 1e-3)[..., None]
    filled[missing] = np.clip(average[missing], 0, 255).astype(np.uint8)
    return filled
