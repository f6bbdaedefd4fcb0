"""The frames on which the VOT toolkit starts a tracker, and the run lengths over which it averages (multi-start)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SPACING = 50
"""Number of frames between two anchors in VOT2020."""
MIN_AREA_SHARE = 0.3
"""The mask on an anchor has at least this share of the sequence's median mask area, so that the object is visible."""


def choose_anchors(areas: np.ndarray, spacing: int = SPACING) -> np.ndarray:
    """Choose anchors as VOT2020 does: evenly spaced, and run in the direction of the longer part of the sequence.

    Args:
        areas: [N] area of the object on each frame, in pixels; 0 if it is not visible.
        spacing: number of frames between two anchors.

    Returns:
        [N] int: 1 for an anchor from which the sequence is run forward, -1 for one from which it is run backward, 0 for
        all other frames. The first and the last frame are anchors; where the object is hardly visible, the nearest
        frame where it is well visible takes their place. There are no anchors if the object is never visible.
    """
    areas = np.asarray(areas, dtype=np.float64)
    anchors = np.zeros(len(areas), dtype=np.int64)
    visible = areas > 0
    if not visible.any():
        return anchors
    usable = np.flatnonzero(visible & (areas >= MIN_AREA_SHARE * np.median(areas[visible])))
    last = len(areas) - 1
    for place in np.linspace(0, last, max(2, round(last / spacing) + 1)):
        frame = usable[np.abs(usable - place).argmin()]
        anchors[frame] = 1 if frame < last / 2 or last == 0 else -1
    return anchors


def run_lengths(anchors: np.ndarray) -> list[int]:
    """The number of frames of each run, including the anchor.

    Args:
        anchors: [N], the result of `choose_anchors`.
    """
    forward, backward = np.flatnonzero(anchors > 0), np.flatnonzero(anchors < 0)
    return [len(anchors) - int(frame) for frame in forward] + [int(frame) + 1 for frame in backward]


def eao_window(lengths: Sequence[int]) -> tuple[int, int]:
    """The interval of run lengths over which EAO is averaged, for other sequences than VOT2020's (there 115 to 755).

    The toolkit averages its curve over low, ..., high - 1 frames after the initial one. The curve is 0 beyond the
    longest run, so with a wider interval a perfect tracker would get less than 1.

    Args:
        lengths: lengths of all runs, in frames.

    Returns:
        (low, high): from the shortest run to the longest.
    """
    high = max(2, max(lengths))
    return min(max(1, min(lengths) - 1), high - 1), high
