"""Which T frames of a video a training sample consists of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator, np.ndarray, int, int], list[int] | None]
"""(generator, [V] ascending numbers of the frames that show the object, T, frames of the stretch) -> T of these
numbers, ascending; None if the video has not enough."""


def distinct_frames(rng: np.random.Generator, visible: np.ndarray, num_frames: int, window: int) -> list[int] | None:
    """Frames of a stretch that begins where the object shows, each once: the paper's text, section 3.4. See `Draw`."""
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
    """A frame that has others after it, and some of those, with replacement: the authors' code, and LWL's. See `Draw`.

    The object must show in more than twice as many frames as are drawn.
    """
    if len(visible) <= 2 * num_frames:
        return None
    bases = visible[:-1][np.diff(visible) <= window]
    if len(bases) == 0:
        return None
    base = int(rng.choice(bases))
    near = visible[(visible > base) & (visible <= base + window)]
    return [base, *np.sort(rng.choice(near, num_frames - 1)).tolist()]
