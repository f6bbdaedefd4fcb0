"""Layers of a synthetic clip: a picture with opacity, placed and moved over a canvas."""

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
    """A soft shadow of a layer on what lies below it."""

    shift: tuple[float, float]
    """From the layer to its shadow, canvas pixels (x, y)."""
    blur: float
    """Standard deviation of its edge, canvas pixels."""
    depth: float
    """Share of the light it takes, 0..1."""

    def light(self, opacity: np.ndarray) -> np.ndarray:
        """[H, W] opacity of the layer -> [H, W] factor of what lies below."""
        # Smooth: a quarter of the resolution shows no difference.
        height, width = opacity.shape
        small = cv2.resize(opacity, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        move = np.array([[1, 0, self.shift[0] / 4], [0, 1, self.shift[1] / 4]], np.float32)
        small = cv2.warpAffine(small, move, small.shape[::-1])
        small = cv2.GaussianBlur(small, (0, 0), max(self.blur / 4, 0.5))
        return 1 - self.depth * cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _draw_shadow(rng: np.random.Generator, size: float) -> Shadow:
    """Mostly below the layer, as the sun has it; `size` in canvas pixels."""
    shift = (rng.normal(0, 0.15) * size, abs(rng.normal(0, 0.15)) * size)
    return Shadow(shift, rng.uniform(0.01, 0.12) * size, rng.uniform(0.2, 0.7))


EDGE_BLUR = 0.7
"""Standard deviation of the soft edge of a cut-out object, canvas pixels."""
LONGEST_BLUR = 24.0
"""Canvas pixels over which what moves is blurred at most."""


@dataclass(frozen=True)
class Rendered:
    """A layer as it looks at one time, in the part of the canvas that it reaches."""

    region: Region
    """Rows and columns of the canvas; [h, w] pixels."""
    picture: np.ndarray
    """[h, w, 3] float32 RGB."""
    opacity: np.ndarray
    """[h, w] float32."""
    labels: np.ndarray
    """[h, w] uint8: 1 object, 0 none, 255 undecided."""


@dataclass(frozen=True)
class Layer:
    """A picture, its opacity and labels, its place on the canvas and its motion."""

    picture: np.ndarray
    """[h, w, 3] uint8 RGB."""
    labels: np.ndarray
    """[h, w] uint8: 1 object, 0 none, 255 undecided."""
    opaque: bool
    """Whether it fills the canvas; else it is seen where its labels are 1."""
    canvas_hw: tuple[int, int]
    """Size of the frame."""
    centre: tuple[float, float]
    """Where its middle stands at half time, canvas pixels (x, y)."""
    zoom: float
    """Canvas pixels per layer pixel at half time."""
    size: float
    """Length that `Motion.travel` counts in, canvas pixels."""
    motion: Motion
    shadow: Shadow | None = None

    @staticmethod
    def background(picture: np.ndarray, labels: np.ndarray | None, canvas_hw: tuple[int, int], motion: Motion) -> Layer:
        """A layer that fills the canvas."""
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
        """An object cut out of its photograph.

        Args:
            rng: random generator.
            picture: [H, W, 3] uint8 RGB.
            mask: [H, W] bool, the object; not empty.
            canvas_hw: size of the frame.
            size: square root of its area on the canvas, pixels.
            motion: its motion.
            near: put it near this layer, so that they meet.
            shadow_share: probability that it casts a shadow.
        """
        box = mask_to_box(mask)
        assert box is not None
        x, y, w, h = box.astype(int)
        margin = 4
        rows = slice(max(y - margin, 0), y + h + margin)
        columns = slice(max(x - margin, 0), x + w + margin)
        # Enlarging more than this shows no detail that the photograph has not.
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
        """Draw the layer at a time in 0..1, as far as it reaches.

        Args:
            time: when.
            exposure: for how long the shutter is open, in the unit of time: what moves is blurred along its way.
        """
        way = self._place(time + exposure / 2) - self._place(time - exposure / 2)
        length = min(float(np.hypot(*way)), LONGEST_BLUR)
        if length < 2:
            return self._still(time)
        seen = self._still(time, margin=length / 2)
        kernel = line_kernel(length, float(np.arctan2(way[1], way[0])))
        if self.opaque:
            return replace(seen, picture=cv2.filter2D(seen.picture, -1, kernel))
        # blurred together with the opacity, or colours of what lay around the object would run into it
        opacity = cv2.filter2D(seen.opacity, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        light = cv2.filter2D(seen.picture * seen.opacity[..., None], -1, kernel, borderType=cv2.BORDER_REPLICATE)
        picture = light / np.maximum(opacity, 1e-3)[..., None]
        return Rendered(seen.region, picture, opacity, (opacity > 0.5).astype(np.uint8))

    def _still(self, time: float, margin: float = 0.0) -> Rendered:
        """As `render`, without blur; the region reaches `margin` canvas pixels further."""
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
        """The part of the canvas outside of which the layer is invisible, and `further`; at least one pixel."""
        height, width = self.labels.shape
        # A bend moves the layer's outline by no more than its largest displacement; the blur by four deviations.
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
        """Area of the object at that time if nothing hid it, canvas pixels."""
        return float((self.labels == 1).sum()) * (self.zoom * np.exp(self.motion.growth * (time - 0.5))) ** 2

    def _place(self, time: float) -> np.ndarray:
        """[2] where its middle stands at that time, canvas pixels (x, y)."""
        motion = self.motion
        swing = motion.wobble[0] * np.sin(2 * np.pi * time + motion.wobble[1])
        return np.array(self.centre) + (motion.travel * (time - 0.5) + swing) * self.size

    def _matrix(self, time: float) -> np.ndarray:
        """Layer -> canvas at that time."""
        motion, late = self.motion, time - 0.5
        to = self._place(time)
        return affine(
            centre=(self.labels.shape[1] / 2, self.labels.shape[0] / 2),
            to=(to[0], to[1]),
            # A background that shrank below the canvas would show its mirrored border: start larger.
            zoom=self.zoom * np.exp(motion.growth * late) * (1.1 if self.opaque else 1.0),
            angle=motion.tilt + motion.turn * late,
            shear=motion.shear * time,
            mirror=motion.mirror,
        )


def fill_hole(rng: np.random.Generator, picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Remove an object from its photograph by texture from elsewhere in it.

    Several shifted and flipped copies compete pixel by pixel; what none can fill is blended from the surroundings.

    Args:
        rng: random generator.
        picture: [H, W, 3] uint8 RGB.
        hole: [H, W] bool.

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
    # Seams and what is left: a blurred version, computed without the missing pixels.
    known = (~missing).astype(np.float32)
    sigma = max(height, width) / 40
    blurred = cv2.GaussianBlur(filled * known[..., None], (0, 0), sigma)
    weight = cv2.GaussianBlur(known, (0, 0), sigma)
    average = blurred / np.maximum(weight, 1e-3)[..., None]
    filled[missing] = np.clip(average[missing], 0, 255).astype(np.uint8)
    return filled
