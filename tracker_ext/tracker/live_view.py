"""Shows the work of a tracker on a visdom page: frame, masks, boxes and scores.

    python run_tracker.py lwl box2mask_init demo --visdom            # a server on this machine, port 8097
    python run_tracker.py lwl box2mask_init demo --visdom host:9000

The package visdom is optional (extra `visdom`). The results are the same as without it.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from ltr_ext.errors import UserError
from tracker_ext.video.overlay import draw_overlay

DEFAULT_ADDRESS = "localhost:8097"
SHOWN_WIDTH = 640
"""Width in pixels to which wider frames are shrunk before they are sent."""
ENVIRONMENT = "box2mask"


def parse_address(text: str) -> tuple[str, int]:
    """Split `host:port`, `host` or `:port` into (host, port), with the parts of `DEFAULT_ADDRESS` as defaults.

    Raises:
        UserError: the port is not a number from 1 to 65535.
    """
    host, _, port = text.removeprefix("http://").rstrip("/").partition(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise UserError(f"--visdom {text}: port {port!r} is no port; write HOST:PORT, such as {DEFAULT_ADDRESS}")
    default_host, default_port = DEFAULT_ADDRESS.split(":")
    return host or default_host, int(port or default_port)


class LiveView:
    """A page with one picture and one plot of scores per sequence."""

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        """Connect to a running visdom server.

        Args:
            address: see `parse_address`.

        Raises:
            UserError: the package is missing, or no server answers.
        """
        host, port = parse_address(address)
        try:
            visdom = importlib.import_module("visdom")
        except ImportError as error:
            raise UserError(
                "--visdom: the package visdom is not installed; pip install visdom (docs/evaluation.md)"
            ) from error
        try:
            self._client = visdom.Visdom(
                server=f"http://{host}", port=port, env=ENVIRONMENT, use_incoming_socket=False, raise_exceptions=True
            )
            answers = self._client.check_connection()
        except Exception as error:  # the client's network library raises errors of many kinds
            raise self._silent(host, port) from error
        if not answers:
            raise self._silent(host, port)
        self._gone = False
        self.page = f"http://{host}:{port}/env/{ENVIRONMENT}"
        """The address of the page."""

    def show(
        self,
        name: str,
        number: int,
        frame: np.ndarray,
        labels: np.ndarray | None,
        boxes: Mapping[int, np.ndarray | None],
        scores: Mapping[int, float],
        seconds: float,
    ) -> None:
        """Show one frame; if the server no longer answers, this is reported once and nothing more is shown.

        Args:
            name: name of the sequence, which becomes that of the two windows.
            number: number of the frame, from 0; 0 starts a new plot.
            frame: [H, W, 3] uint8 RGB.
            labels: [H, W] uint8, whose pixel values are object ids; None for no masks.
            boxes: [4] (x, y, w, h) in pixels by object id; None for an absent object.
            scores: scores by object id, 0..1.
            seconds: duration of the work on this frame.
        """
        if self._gone:
            return
        drawn = draw_overlay(frame, labels, boxes)
        scale = min(1.0, SHOWN_WIDTH / drawn.shape[1])
        size = max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale))
        picture = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA) if scale < 1 else drawn
        title = f"{name}: frame {number}, {1 / max(seconds, 1e-6):.1f} frames/s"
        try:
            self._client.image(
                np.ascontiguousarray(picture.transpose(2, 0, 1)), win=f"frame {name}", opts={"title": title}
            )
            for place, (object_id, score) in enumerate(scores.items()):
                self._client.line(
                    X=np.array([number]),
                    Y=np.array([score]),
                    win=f"scores {name}",
                    name=f"object {object_id}",
                    update="append" if number or place else None,
                    opts={
                        "title": f"{name}: score",
                        "xlabel": "frame",
                        "ytickmin": 0,
                        "ytickmax": 1,
                        "showlegend": True,
                    },
                )
        except Exception as error:  # a failure of the display must not end the tracking
            self._gone = True
            print(f"--visdom: the server is gone ({type(error).__name__}); tracking goes on", file=sys.stderr)

    @staticmethod
    def _silent(host: str, port: int) -> UserError:
        return UserError(
            f"--visdom {host}:{port}: no visdom server answers; start one (python -m visdom.server -port {port}), or "
            "leave --visdom out"
        )


def watched(tracker_class: type, view: LiveView, name: str) -> type:
    """Make a tracker class that shows its results.

    Args:
        tracker_class: a class with `initialize(image, info)` and `track(image, info)`.
        view: the page on which they are shown.
        name: name of the sequence.

    Returns:
        A subclass. If the host makes one tracker per object, each has its own windows.
    """

    class Watched(tracker_class):
        def initialize(self, image: np.ndarray, info: dict[str, Any]) -> Any:
            own = info.get("object_ids") if "init_other" in info else None
            self._shown_name = f"{name} object {own[0]}" if own else name
            self._shown_number = 0
            start = time.perf_counter()
            output = super().initialize(image, info)
            given = {"target_bbox": info.get("init_bbox"), "segmentation": info.get("init_mask")}
            self._show(image, {**given, **(output or {})}, start)
            return output

        def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> Any:
            start = time.perf_counter()
            output = super().track(image, info)
            self._shown_number += 1
            self._show(image, output, start)
            return output

        def _show(self, image: np.ndarray, output: Mapping[str, Any], start: float) -> None:
            seconds = time.perf_counter() - start
            labels = output.get("segmentation")
            view.show(
                self._shown_name,
                self._shown_number,
                image,
                None if labels is None else np.asarray(labels).astype(np.uint8),
                {
                    i: None if box is None else np.asarray(box, float)
                    for i, box in _by_id(output, "target_bbox").items()
                },
                {i: float(score) for i, score in _by_id(output, "object_presence_score").items()},
                seconds,
            )

    Watched.__name__ = Watched.__qualname__ = tracker_class.__name__
    return Watched


def _by_id(output: Mapping[str, Any], key: str) -> dict[int, Any]:
    """The values of an output by object id; the object of a sequence without ids has 1."""
    value = output.get(key)
    if isinstance(value, Mapping):
        return {int(object_id): one for object_id, one in value.items()}
    return {} if value is None else {1: value}
