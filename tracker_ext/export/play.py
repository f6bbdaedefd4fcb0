"""Shows stored results in a window: `run_export.py RESULT --play`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from tracker_ext.export.clips import chosen_clips, find_masks
from tracker_ext.export.frames import ClipFrames, frames_of
from tracker_ext.export.masks import ClipMasks, keep_objects, look_through
from tracker_ext.video.overlay import DEFAULT_FPS, draw_overlay
from tracker_ext.video.screen import QUIT

KEYS = "space: halt and go on; , and . : a frame back and on; n: next clip; q: end"


class View(Protocol):
    """See `Screen`."""

    def show(self, picture: np.ndarray, wait: float) -> str:
        """Show a picture."""


def play(result: Path, view: View, frames: Path | None, clips: Sequence[str], objects: Sequence[int]) -> int:
    """Show the clips of a result one after another, masks over their frames, or over black if these are not known.

    Args:
        result: the folder of the masks.
        view: the window.
        frames: the value of `--frames`, or None.
        clips: the names of the clips to show; empty shows all.
        objects: the ids of the objects to show; empty shows all.

    Returns:
        The number of pictures that were shown.

    Raises:
        UserError: there are no masks, or the frames do not fit them.
    """
    found = chosen_clips(find_masks(result), list(clips))
    shown = 0
    for clip in found:
        masks = look_through(clip)
        source = frames_of(clip, masks, frames, len(found) == 1)
        count, goes_on = _play_clip(view, masks, source, objects)
        shown += count
        if not goes_on:
            break
    return shown


def _play_clip(view: View, masks: ClipMasks, frames: ClipFrames | None, objects: Sequence[int]) -> tuple[int, bool]:
    """Show one clip; returns the number of pictures, and whether to go on with the next clip."""
    duration = 1 / ((frames.source.fps if frames is not None else None) or DEFAULT_FPS)
    index, count, halted = 0, 0, False
    while index < len(masks.paths):
        start = time.perf_counter()
        labels, size = masks.labels(index), masks.sizes[index]
        labels = keep_objects(labels, objects) if objects else labels
        frame = np.zeros((*size, 3), np.uint8) if frames is None else frames.frame(index, size)
        picture = draw_overlay(frame, labels)
        key = view.show(picture, float("inf") if halted else max(0.001, duration + start - time.perf_counter()))
        count += 1
        if key in QUIT:
            return count, False
        if key == "n":
            break
        halted = (key != " ") if halted else key in (" ", ",", ".")
        if key == ",":
            index = max(index - 1, 0)
        elif key == "." and halted:
            index = min(index + 1, len(masks.paths) - 1)
        elif not halted:
            index += 1
    return count, True
