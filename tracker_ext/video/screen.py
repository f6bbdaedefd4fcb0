"""A window of OpenCV that shows pictures, reads keys, and lets a box be drawn."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress

import cv2
import numpy as np

from ltr_ext.errors import UserError

Box = tuple[float, float, float, float]
QUIT = ("q", "\x1b")
"""Keys that end whatever is shown; the window's own button counts as one."""


def no_windows(environment: Mapping[str, str], build: str, platform: str = sys.platform) -> str:
    """Say why no window can be opened; the text is empty if one can.

    Args:
        environment: the environment variables of the process.
        build: `cv2.getBuildInformation()`.
        platform: `sys.platform`.
    """
    interface = re.search(r"^\s*GUI:\s*(\S+)", build, flags=re.MULTILINE)
    if interface is None or interface[1] == "NONE":
        return "this OpenCV opens no windows (opencv-python-headless? pip install opencv-python)"
    if platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return "there is no display (DISPLAY is not set)"  # Qt would end the process
    return ""


class Screen:
    """A window."""

    def __init__(self, title: str, option: str, instead: str) -> None:
        """Open it.

        Args:
            title: the title of the window.
            option: the option that asks for it, for messages.
            instead: what to do where no window can be opened, for messages.

        Raises:
            UserError: no window can be opened.
        """
        reason = no_windows(os.environ, cv2.getBuildInformation())
        if reason:
            raise UserError(f"{option}: {reason}; {instead}")
        self._title = title
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        self._is_sized = False

    def show(self, picture: np.ndarray, wait: float) -> str:
        """Show a picture.

        Args:
            picture: [H, W, 3] uint8 RGB.
            wait: how long to wait for a key, in seconds, at least a thousandth; infinity waits until one is pressed.

        Returns:
            The key, empty if none was pressed; "q" if the window was closed.
        """
        if not self._is_sized:
            self._is_sized = True
            shrink = min(1.0, 1280 / picture.shape[1], 720 / picture.shape[0])
            cv2.resizeWindow(self._title, round(picture.shape[1] * shrink), round(picture.shape[0] * shrink))
        cv2.imshow(self._title, np.ascontiguousarray(picture[..., ::-1]))
        while True:
            code = cv2.waitKey(100 if np.isinf(wait) else max(1, round(wait * 1000)))
            if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
                return "q"
            if code >= 0 or np.isfinite(wait):
                return chr(code & 0xFF) if code >= 0 else ""

    def draw_box(self, picture: np.ndarray) -> Box | None:
        """Let a box be drawn over a picture [H, W, 3] uint8 RGB; None if that was broken off."""
        bgr = np.ascontiguousarray(picture[..., ::-1])
        x, y, w, h = (float(side) for side in cv2.selectROI(self._title, bgr, showCrosshair=False))
        return (x, y, w, h) if w > 0 and h > 0 else None

    def close(self) -> None:
        """Close the window."""
        with suppress(cv2.error):
            cv2.destroyWindow(self._title)
