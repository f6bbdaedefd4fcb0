"""Which windows are run together: those nearest to what a person looks at, and what overlaps them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracker_ext.editor.plan import ObjectPlan
from tracker_ext.segmentation.windows import Window


@dataclass(frozen=True)
class Batch:
    """Windows that are run together."""

    frames: dict[int, set[int]]
    """Object id -> frames whose masks are wanted."""
    windows: dict[int, tuple[Window, ...]]
    """Object id -> windows, over numbers of frames."""


def next_batch(plans: dict[int, ObjectPlan], boxed: Iterable[tuple[int, int]], near: int) -> Batch:
    """The windows of what is stale nearest to a frame, and of what overlaps it.

    Args:
        plans: of all objects.
        boxed: (object id, frame) of stale masks that come from boxes; not empty.
        near: the frame that is looked at.
    """
    wanted: dict[int, set[int]] = {}
    for object_id, frame in boxed:
        wanted.setdefault(object_id, set()).add(frame)
    first_object, first_frame = min(boxed, key=lambda one: (abs(one[1] - near), one))
    window = plans[first_object].windows[plans[first_object].window_of[first_frame]]
    low, high = window.kept[0], window.kept[-1]
    inside: set[int] = set()
    for object_id, frames in wanted.items():
        plan = plans[object_id]
        for frame in frames:
            kept = plan.windows[plan.window_of[frame]].kept
            if kept[0] <= high and kept[-1] >= low:
                inside.add(frame)
    chosen = {object_id: found for object_id, of_object in wanted.items() if (found := of_object & inside)}
    windows = {}
    for object_id, found in chosen.items():
        plan = plans[object_id]
        windows[object_id] = tuple(
            plan.windows[number] for number in sorted({plan.window_of[frame] for frame in found})
        )
    return Batch(chosen, windows)
