"""Single boxes become tracks of numbered objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ltr_ext.errors import UserError


def number_objects(
    found: Mapping[tuple[Any, int], Sequence[float] | None],
    num_frames: int,
    name: str,
    absent_at: Collection[tuple[Any, int]] = (),
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], dict[int, str]]:
    """Arrange single boxes in one track per object.

    Args:
        found: (object's own id, frame) -> (x, y, w, h), or None where none is given; four zeros or four -1 say that
            the object is absent.
        num_frames: F.
        name: for messages.
        absent_at: (object's own id, frame) where the object is absent.

    Returns:
        Object id from 1 -> [F, 4], nan where no box is given; object id -> [F] bool, absent; object id -> own id.

    Raises:
        UserError: not one box.
    """
    own_ids = sorted({own for own, _ in found}, key=lambda own: (isinstance(own, str), own))
    number = {own: index for index, own in enumerate(own_ids, 1)}
    boxes = {index: np.full((num_frames, 4), np.nan) for index in number.values()}
    absent = {index: np.zeros(num_frames, bool) for index in number.values()}
    for (own, frame), box in found.items():
        if box is not None and tuple(box) in ((0, 0, 0, 0), (-1, -1, -1, -1)):
            absent[number[own]][frame] = True
        elif box is not None:
            boxes[number[own]][frame] = box
    for own, frame in absent_at:
        if own in number:
            absent[number[own]][frame] = True
    if not boxes:
        raise UserError(f"{name}: there is not one box")
    return boxes, absent, {index: str(own) for own, index in number.items()}
