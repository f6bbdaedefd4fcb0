"""Reads the pictures of a camera."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ltr_ext.errors import UserError


class Camera:
    """A camera of this machine."""

    def __init__(self, number: int) -> None:
        """Open the camera with this number.

        Raises:
            UserError: it cannot be opened.
        """
        self.name = f"webcam {number}"
        self._capture: Any = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise UserError(
                f"--webcam {number}: no camera of this number can be opened; give another number, as 1, or a film with "
                "--video"
            )

    @property
    def fps(self) -> float | None:
        """The number of pictures per second that the camera reports, or None."""
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0 < fps <= 1000 else None

    def read(self) -> np.ndarray | None:
        """The next picture, [H, W, 3] uint8 RGB; None if there is none."""
        found, picture = self._capture.read()
        return np.ascontiguousarray(picture[..., ::-1]) if found and picture is not None else None

    def close(self) -> None:
        """Close the camera."""
        self._capture.release()
