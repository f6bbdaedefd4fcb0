"""The true boxes of a clip that has true masks alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask, value_counts
from ltr_ext.errors import UserError


def mask_boxes(masks: list[Path | None]) -> dict[int, np.ndarray]:
    """The boxes of all objects of a clip, from its masks.

    Args:
        masks: one id mask per frame, None where there is none.

    Returns:
        Object id -> [N, 4] float64 (x, y, w, h), pixels; nan rows where absent or unknown. Ids ascend. 255 is an
        object only if nothing else is.

    Raises:
        UserError: a mask cannot be read; or an object is 1 on some frames and 255 on others.
    """
    boxes: dict[int, np.ndarray] = {}
    white: Path | None = None
    together = False
    for index, path in enumerate(masks):
        if path is None:
            continue
        labels = read_mask(path)
        ids = [object_id for object_id in np.flatnonzero(value_counts(labels)).tolist() if object_id]
        white = path if ids == [IGNORE_LABEL] else white
        together = together or (len(ids) > 1 and IGNORE_LABEL in ids)
        for object_id in ids:
            track = boxes.setdefault(object_id, np.full((len(masks), 4), np.nan))
            track[index] = mask_to_box(labels == object_id)
    if white is not None and not together and len(boxes) == 2:
        raise UserError(
            f"mask {white}: 0 and 255 alone, on other frames the object is {min(boxes)}; write one value on all frames"
        )
    if len(boxes) > 1:
        boxes.pop(IGNORE_LABEL, None)
    return dict(sorted(boxes.items()))
