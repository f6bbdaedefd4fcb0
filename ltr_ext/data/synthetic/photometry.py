"""How a synthetic clip is lit and recorded: colour, light changes, blur, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Look:
    """What all frames of a clip have in common."""

    gain: np.ndarray
    """[3] factor per colour channel."""
    offset: float
    """Added to all channels, 0-255."""
    light_drift: float
    """Standard deviation of the brightness from frame to frame, as a factor."""
    blur: float
    """Standard deviation of a Gaussian blur in pixels; 0 is none."""
    motion_blur: tuple[float, float]
    """Length in pixels and angle in radians of a linear blur; length below 2 is none."""
    noise: float
    """Standard deviation of sensor noise, 0-255."""
    quality: int
    """JPEG quality; 0 is no compression."""

    def apply(self, rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
        """Record one frame.

        Args:
            rng: random generator, for what changes from frame to frame.
            picture: [H, W, 3] float32 RGB, 0-255.

        Returns:
            [H, W, 3] uint8 RGB.
        """
        light = np.exp(rng.normal(0, self.light_drift))
        picture = picture * (self.gain * light).astype(np.float32) + np.float32(self.offset)
        length, angle = self.motion_blur
        if length >= 2:
            picture = cv2.filter2D(picture, -1, line_kernel(length, angle))
        if self.blur > 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur)
        if self.noise > 0.5:
            picture = picture + self.noise * rng.standard_normal(picture.shape, dtype=np.float32)
        frame = np.clip(picture, 0, 255).astype(np.uint8)
        if self.quality:
            # Compression does not care for the order of the channels as long as it is the same on the way back.
            coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1]
            frame = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return frame


def draw_look(rng: np.random.Generator) -> Look:
    """Draw the look of a clip; most clips are recorded well."""
    grey = rng.random() < 0.04
    contrast = np.exp(rng.normal(0, 0.12))
    return Look(
        gain=contrast * np.exp(rng.normal(0, 0.0 if grey else 0.05, 3)),
        offset=rng.normal(0, 12) + 128 * (1 - contrast),
        light_drift=0.06 if rng.random() < 0.5 else 0.0,
        blur=rng.uniform(0.4, 1.3) if rng.random() < 0.25 else 0.0,
        motion_blur=(rng.uniform(2, 9), rng.uniform(0, np.pi)) if rng.random() < 0.15 else (0.0, 0.0),
        noise=rng.uniform(1, 8) if rng.random() < 0.2 else 0.0,
        quality=int(rng.integers(40, 95)) if rng.random() < 0.4 else 0,
    )


def line_kernel(length: float, angle: float) -> np.ndarray:
    """Normalised kernel of a line through the middle; length in pixels, angle in radians."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    middle = size // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, tuple(start.tolist()), tuple(end.tolist()), 1.0, 1)
    return kernel / kernel.sum()
