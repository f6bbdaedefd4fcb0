"""The light and the recording of a synthetic clip: colour, changes of brightness, blur, noise and compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Look:
    """The properties of light and recording that all frames of a clip share."""

    gain: np.ndarray
    """[3] factor per colour channel."""
    offset: float
    """Offset of all channels, in grey levels of 0-255."""
    light_drift: float
    """Standard deviation of the logarithm of the brightness, which is drawn per frame."""
    blur: float
    """Standard deviation of a Gaussian blur in pixels; 0.3 or less means none."""
    motion_blur: tuple[float, float]
    """Length in pixels and angle in radians of a linear blur; a length below 2 means none."""
    noise: float
    """Standard deviation of the sensor noise, in grey levels of 0-255; 0.5 or less means none."""
    quality: int
    """JPEG quality; 0 means no compression."""

    def apply(self, rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
        """Record one frame.

        Args:
            rng: random generator, for the brightness and the noise of the frame.
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
            # OpenCV takes the channels for BGR both ways, so that RGB comes back as RGB.
            coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1]
            frame = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return frame


def draw_look(rng: np.random.Generator) -> Look:
    """Draw the look of a clip; most clips have few flaws."""
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
    """A normalised square kernel, float32, of a line through its middle; length in pixels, angle in radians."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    middle = size // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, tuple(start.tolist()), tuple(end.tolist()), 1.0, 1)
    return kernel / kernel.sum()
