"""Which frames the network sees together: window schedules (paper section 3.5 and appendix D).

N counts the boxed frames of one object, T the frames of a window, D the interval inside it. Positions 0..N-1 count
boxed frames only, so frames without a box take no part.

Two promises hold for every schedule:

* A window spans at most (T - 1) D + 1 positions (`span`). Windows come in the order of their last frame, so running
  each as soon as its last frame is there never needs more than `span` encoded frames at once, however long the video.
* A short video shrinks D, then T, until one block of T D frames fits; it never fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Mode = Literal["strided", "centred"]
"""How windows are laid over a video; see `schedule`."""

MODES: tuple[str, ...] = get_args(Mode)


@dataclass(frozen=True)
class Window:
    """Frames that are aggregated together."""

    frames: tuple[int, ...]
    """Positions, ascending, without repetition."""
    kept: tuple[int, ...]
    """Those of `frames` whose mask is taken from this window."""


def fit(num_boxed: int, num_frames: int, interval: int) -> tuple[int, int]:
    """Shrink T and D to a short video: D first, then T, until T D <= N.

    Args:
        num_boxed: N >= 1.
        num_frames: T >= 1 wanted.
        interval: D >= 1 wanted.

    Returns:
        (T, D) to use.
    """
    num_frames = min(num_frames, num_boxed)
    return num_frames, max(1, min(interval, num_boxed // num_frames))


def span(num_frames: int, interval: int) -> int:
    """(T - 1) D + 1: positions from the first to the last frame of a window."""
    return (num_frames - 1) * interval + 1


def schedule(mode: Mode, num_boxed: int, num_frames: int, interval: int) -> Iterator[Window]:
    """Lay windows over a video.

    `strided` shifts {t, t + D, .., t + (T - 1) D} one step at a time through blocks of T D frames; every window
    gives T masks, so there are about N / T windows. Where less than a block is left, the last block lies flush with the
    end of the video, its interval shortened until it holds what is left and less than T frames more; those overlap the
    block before it, and a frame's mask comes from the first window that holds the frame. `centred` gives every
    frame a window of its own around it, which is moved inside where it would reach over the start or the end.

    Args:
        mode: "strided" or "centred".
        num_boxed: N >= 0.
        num_frames: T >= 1 wanted; see `fit`.
        interval: D >= 1 wanted; see `fit`.

    Returns:
        Windows in the order of their last frame. Every position is kept by exactly one of them.
    """
    if num_boxed == 0:
        return iter(())
    num_frames, interval = fit(num_boxed, num_frames, interval)
    if mode == "strided":
        return _strided(num_boxed, num_frames, interval)
    return iter(sorted(_centred(num_boxed, num_frames, interval), key=lambda window: window.frames[-1]))


def _strided(num_boxed: int, num_frames: int, interval: int) -> Iterator[Window]:
    covered = 0
    while covered < num_boxed:
        left = num_boxed - covered
        if left > 1:  # a single frame costs one window whatever the interval
            interval = min(interval, -(-left // num_frames))
        block = num_frames * interval
        first = min(covered, num_boxed - block)
        for shift in range(interval):
            frames = tuple(range(first + shift, first + shift + span(num_frames, interval), interval))
            kept = tuple(frame for frame in frames if frame >= covered)
            if kept:
                yield Window(frames, kept)
        covered = first + block


def _centred(num_boxed: int, num_frames: int, interval: int) -> Iterator[Window]:
    for centre in range(num_boxed):
        before = min((num_frames - 1) // 2, centre // interval)
        missing_after = num_frames - 1 - before - (num_boxed - 1 - centre) // interval
        first = centre - interval * (before + max(0, missing_after))
        yield Window(tuple(range(first, first + span(num_frames, interval), interval)), (centre,))


def lenders(between: np.ndarray, boxed: np.ndarray, windows: Iterable[Window]) -> dict[int, int]:
    """Which window lends its filter to which frame: the one that keeps the nearest boxed frame, the earlier of two.

    Args:
        between: [M] numbers of the frames with an interpolated box.
        boxed: [P] ascending numbers of the boxed frames.
        windows: over positions in `boxed`.

    Returns:
        Frame number -> number of the window; frames whose nearest boxed frame no window keeps are left out.
    """
    if len(between) == 0 or len(boxed) == 0:
        return {}
    keeper = {position: number for number, window in enumerate(windows) for position in window.kept}
    after = np.searchsorted(boxed, between).clip(1, max(len(boxed) - 1, 1))
    after = np.minimum(after, len(boxed) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(between - boxed[before]) <= np.abs(boxed[after] - between), before, after)
    return {
        frame: keeper[position]
        for frame, position in zip(between.tolist(), nearest.tolist(), strict=True)
        if position in keeper
    }
