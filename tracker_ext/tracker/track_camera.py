"""Tracks objects before a camera: `run_tracker.py --webcam`."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.segmentation.prompts import Prompts, check_prompts
from tracker_ext.tracker.prompted import Prompt, PromptedTracker, prompts_by_frame
from tracker_ext.video.clip_writer import ClipWriter
from tracker_ext.video.overlay import draw_overlay
from tracker_ext.video.screen import QUIT

KEYS = "in the window: space or b draws the box (again), q ends"


class Source(Protocol):
    """See `Camera`."""

    name: str

    @property
    def fps(self) -> float | None:
        """Pictures per second."""

    def read(self) -> np.ndarray | None:
        """The next picture."""


class View(Protocol):
    """See `Screen`."""

    def show(self, picture: np.ndarray, wait: float) -> str:
        """Show a picture."""

    def draw_box(self, picture: np.ndarray) -> tuple[float, float, float, float] | None:
        """Let a box be drawn."""


def track_camera(
    tracker: Any,
    camera: Source,
    boxes: Sequence[Sequence[float]],
    view: View | None,
    out: Path | None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Track until the window is closed, `q` or Ctrl-C comes, or the camera ends; prints how many frames and how fast.

    Args:
        tracker: a `TrackerHandle`, or another object with `tracker_class` and `get_parameters()`.
        camera: the camera.
        boxes: (x, y, w, h) of each object on the first picture, in pixels; if there is none, the box of one object is
            drawn in the window.
        view: the window, or None.
        out: the folder for masks, boxes and overlay; None writes nothing.
        facts: the tracker, weights, device and precision, for `result.json`.

    Raises:
        UserError: the camera gives no picture, there is no box or an invalid one, or the folder cannot be written.
    """
    frame = camera.read()
    if frame is None:
        raise UserError(f"--{camera.name}: gives no picture; is another program using it?")
    told: Mapping[int, Prompt] = {}
    if boxes:
        prompts = Prompts({i: {0: np.asarray(box, np.float64)} for i, box in enumerate(boxes, start=1)})
        check_prompts(prompts, (frame.shape[0], frame.shape[1]), camera.name)
        told = prompts_by_frame(prompts)[0]
    else:
        frame, told = _drawn_first(camera, view, frame)
    size, ids = (frame.shape[0], frame.shape[1]), sorted(told)
    engine = PromptedTracker(tracker, ids, size)
    number, seconds = 0, 0.0
    with (
        _ctrl_c() as stopped,
        ClipWriter(out, size=size, object_ids=ids, fps=camera.fps, facts=facts) if out else nullcontext() as writer,
    ):
        for number in count(1):
            start = time.perf_counter()
            labels, found, sure = engine.step(frame, told)
            seconds += time.perf_counter() - start
            if writer is not None:
                writer.add(f"{number - 1:08d}", frame, labels, found, sure)
            key = view.show(draw_overlay(frame, labels, found), 0.001) if view is not None else ""
            coming = None if key in QUIT or stopped else camera.read()
            if coming is None or coming.shape != frame.shape:
                break
            frame, told = coming, {}
            if key in (" ", "b") and len(ids) == 1 and view is not None and (box := view.draw_box(frame)) is not None:
                told = {ids[0]: Prompt(np.asarray(box, np.float64))}
    print(f"{counted(number, 'frame')}, {counted(len(ids), 'object')}, {number / seconds:.1f} frames/s")
    if out is not None:
        print(f"results: {out}")


def _drawn_first(camera: Source, view: View | None, frame: np.ndarray) -> tuple[np.ndarray, Mapping[int, Prompt]]:
    """Show the camera's pictures until a box is drawn; returns that picture and its prompts."""
    if view is None:
        raise UserError(f"--{camera.name}: without a window, give the object as --box x,y,w,h")
    while True:
        key = view.show(frame, 0.001)
        if key in QUIT:
            raise UserError(f"--{camera.name}: no box was drawn; press space in the window, draw it, press Enter")
        if key in (" ", "b") and (box := view.draw_box(frame)) is not None:
            return frame, {1: Prompt(np.asarray(box, np.float64))}
        coming = camera.read()
        if coming is None:
            raise UserError(f"--{camera.name}: gives no more pictures")
        frame = coming


@contextmanager
def _ctrl_c() -> Iterator[list[int]]:
    """Within the context, Ctrl-C only adds to the list that is given, so that the result can still be written."""
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
