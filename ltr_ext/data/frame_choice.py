"""How the T frames of a training sample are chosen from a video."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, np.ndarray, int, int], list[int] | None]
"""(generator, [V] ascending numbers of the frames that show the object, T, length of the window in frames) -> T of
these numbers in ascending order, or None if the video has too few frames."""


def distinct_frames(rng: np.random.Generator, visible: np.ndarray, num_frames: int, window: int) -> list[int] | None:
    """Draw distinct frames from a window that begins where the object is visible (paper section 3.4); see `Draw`."""
    if len(visible) < num_frames:
        return None
    start = rng.choice(visible[: len(visible) - num_frames + 1])
    near = visible[(visible >= start) & (visible < start + window)]
    if len(near) < num_frames:
        return None
    return np.sort(rng.choice(near, num_frames, replace=False)).tolist()


def first_and_later_frames(
    rng: np.random.Generator, visible: np.ndarray, num_frames: int, window: int
) -> list[int] | None:
    """Draw a frame, and the others with replacement from the window after it; see `Draw`.

    This is what the authors' code and LWL's do, rather than the paper's text. The object must be visible in more than
    twice as many frames as are drawn.
    """
    if len(visible) <= 2 * num_frames:
        return None
    bases = visible[:-1][np.diff(visible) <= window]
    if len(bases) == 0:
        return None
    base = int(rng.choice(bases))
    near = visible[(visible > base) & (visible <= base + window)]
    return [base, *np.sort(rng.choice(near, num_frames - 1)).tolist()]
