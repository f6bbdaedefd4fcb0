"""Where the VOT toolkit starts a tracker in a sequence, and over which lengths it averages (VOT2020, multi-start)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SPACING = 50
"""Frames between two anchors of VOT2020."""
MIN_AREA_SHARE = 0.3
"""The mask of an anchor has at least this part of the sequence's median mask area: the object is to be seen there."""


def choose_anchors(areas: np.ndarray, spacing: int = SPACING) -> np.ndarray:
    """Choose anchors as VOT2020 does: evenly spaced, each run in the direction in which more of the sequence lies.

    Args:
        areas: [N] pixels of the object in each frame; 0 where it is not to be seen.
        spacing: frames between two anchors.

    Returns:
        [N] int: 1 for an anchor from which the sequence is run forward, -1 backward, 0 for all other frames. The first
        and the last frame are anchors, or, if the object is not to be seen well there, the next that is; no anchor at
        all if the object is nowhere.
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
    """Frames of each run, the anchor's included.

    Args:
        anchors: [N] as `choose_anchors`.
    """
    forward, backward = np.flatnonzero(anchors > 0), np.flatnonzero(anchors < 0)
    return [len(anchors) - int(frame) for frame in forward] + [int(frame) + 1 for frame in backward]


def eao_window(lengths: Sequence[int]) -> tuple[int, int]:
    """The interval of run lengths over which EAO is averaged, for sequences that are not VOT2020's (there 115 to 755).

    The toolkit averages its curve over low, ..., high - 1 frames after the initial one. The curve is 0 where no run
    reaches, so that a wider window would give a perfect tracker less than 1.

    Args:
        lengths: of all runs, in frames.

    Returns:
        (low, high): from the shortest run to the longest.
    """
    high = max(2, max(lengths))
    return min(max(1, min(lengths) - 1), high - 1), high
