"""What a person can do to a document: requests of the page, checked, become edits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ltr_ext.data.mask_io import MAX_PALETTE_ID
from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.editor.document import (
    ABSENT,
    AGAIN_KEY,
    BOX,
    PAINTED,
    Document,
    Edit,
    follow_key,
    mark_key,
    object_key,
)

LEAST_SIDE = 2.0
"""Pixels; less is a click, not a box."""
MOST_NAME = 60


def edit_for(document: Document, request: Mapping[str, Any], num_frames: int, size: tuple[int, int]) -> Edit | None:
    """The step that a request asks for; None if there is nothing to change.

    Args:
        document: not changed.
        request: `do` and what it needs; see the functions below.
        num_frames: N of the clip.
        size: (height, width) of its frames.

    Raises:
        UserError: an unknown request, or one that cannot be.
    """
    action = request.get("do")
    if action == "add":
        object_id = next_id(document)
        return document.edit(f"new object {object_id}", {object_key(object_id): {"name": f"object {object_id}"}})
    if action == "again":
        return document.edit("all masks made again", {AGAIN_KEY: {"times": document.times_again + 1}})
    if action == "box" and request.get("object") is None:
        return new_box(document, request, num_frames, size)
    object_id = known_object(document, request.get("object"))
    if action == "remove":
        return document.edit(f"object {object_id} removed", dict.fromkeys(document.of_object(object_id)))
    if action == "name":
        name = " ".join(str(request.get("name", "")).split())[:MOST_NAME] or f"object {object_id}"
        return document.edit(f"name of object {object_id}", {object_key(object_id): {"name": name}})
    frame = whole(request.get("frame"), "frame", num_frames)
    if action == "box":
        box = checked_box(request.get("box"), size)
        mark = {"kind": BOX, "box": box}
        return document.edit(f"box of object {object_id} on frame {frame}", {mark_key(object_id, frame): mark})
    if action == "absent":
        last = frame if request.get("last") is None else whole(request.get("last"), "last frame", num_frames)
        frames = range(frame, last + 1)
        says = f"object {object_id} not there on {counted(len(frames), 'frame')} from {frame} on"
        return document.edit(says, {mark_key(object_id, at): {"kind": ABSENT} for at in frames})
    if action == "clear":
        mark = document.values.get(mark_key(object_id, frame)) or {}
        says = f"object {object_id} on frame {frame} as before"
        return document.edit(says, {mark_key(object_id, frame): mark.get("under")})
    if action == "follow":
        key = follow_key(object_id, frame)
        if (
            request.get("on", True)
            and document.values.get(mark_key(object_id, frame), {"kind": ABSENT})["kind"] == ABSENT
        ):
            raise UserError(f"object {object_id} has no box on frame {frame}: draw one there, then follow it")
        says = f"follow object {object_id} from frame {frame}"
        return document.edit(says, {key: {} if request.get("on", True) else None})
    raise UserError(f"request {str(action)[:40]!r} is unknown: reload the page")


def new_box(document: Document, request: Mapping[str, Any], num_frames: int, size: tuple[int, int]) -> Edit | None:
    """A box of an object that was not there before."""
    object_id = next_id(document)
    frame = whole(request.get("frame"), "frame", num_frames)
    mark = {"kind": BOX, "box": checked_box(request.get("box"), size)}
    wanted = {object_key(object_id): {"name": f"object {object_id}"}, mark_key(object_id, frame): mark}
    return document.edit(f"object {object_id}, its box on frame {frame}", wanted)


def painted_edit(document: Document, object_id: int, frame: int, name: str, box: list[float] | None) -> Edit | None:
    """A painted mask on a frame; an empty one says that the object is not there.

    Args:
        document: not changed.
        object_id: of the object.
        frame: its number.
        name: of the painted mask.
        box: of its pixels; None if it has none.
    """
    key = mark_key(object_id, frame)
    before = document.values.get(key)
    under = before["under"] if before is not None and before["kind"] == PAINTED else before
    painted = {"kind": PAINTED, "box": box, "mask": name, "under": under}
    return document.edit(f"object {object_id} painted on frame {frame}", {key: painted if box else {"kind": ABSENT}})


def known_object(document: Document, value: Any) -> int:
    """An object's id.

    Raises:
        UserError: there is no such object.
    """
    if not isinstance(value, int) or isinstance(value, bool) or object_key(value) not in document.values:
        raise UserError(f"object {str(value)[:20]} is not there (any more): choose another one")
    return value


def whole(value: Any, what: str, count: int) -> int:
    """A whole number from 0 to below `count`.

    Raises:
        UserError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise UserError(f"{what} {str(value)[:20]}: the clip has {counted(count, 'frame')}, from 0 to {count - 1}")
    return value


def checked_box(value: Any, size: tuple[int, int]) -> list[float]:
    """A box [x, y, w, h], cut off at the frame and rounded to a tenth of a pixel.

    Raises:
        UserError: no box, or one without pixels of the frame.
    """
    try:
        x, y, w, h = (float(number) for number in value)
        good = all(map(math.isfinite, (x, y, w, h)))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise UserError("that is no box: drag from one corner of the object to the opposite one")
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + w, float(size[1])), min(y + h, float(size[0]))
    if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
        raise UserError("the box is too small, or outside the picture: drag around the whole object")
    return [round(edge, 1) for edge in (left, top, right - left, bottom - top)]


def next_id(document: Document) -> int:
    """The lowest id that was never used, or that is free.

    Raises:
        UserError: a mask holds no more objects.
    """
    used = set(document.objects())
    free = [i for i in range(1, MAX_PALETTE_ID + 1) if i not in used]
    if not free:
        raise UserError(f"{MAX_PALETTE_ID} objects are all that a mask holds: remove one, or use a second folder")
    return free[0] if not used or max(used) == MAX_PALETTE_ID else max(used) + 1
