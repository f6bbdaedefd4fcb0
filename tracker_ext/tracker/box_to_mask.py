"""The first mask, which box2mask makes from the box on the first frame (paper section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate

MIN_FILL = 0.05
"""A mask that fills less than this share of its box is too small for a tracker to start from."""


def boxes_to_masks(
    image: np.ndarray, boxes: Mapping[int, np.ndarray], net: Box2MaskNet, config: AnnotateConfig
) -> dict[int, np.ndarray]:
    """Segment the boxed objects of one frame; where masks overlap, the object with the higher logit gets the pixel.

    Args:
        image: [H, W, 3] uint8 RGB.
        boxes: (x, y, w, h) in image pixels by object id, 1..254.
        net: the network, in evaluation mode.
        config: options of `annotate`.

    Returns:
        Masks [H, W] bool by object id. A mask that fills less than `MIN_FILL` of its box is replaced by the ellipse in
        the box, the most likely shape.

    Raises:
        UserError: a box has no area, is not finite, or lies outside the image.
    """
    tracks = {object_id: np.asarray(box, dtype=np.float64).reshape(1, -1) for object_id, box in boxes.items()}
    found = next(iter(annotate([image], tracks, net, config, name="first frame")))
    masks = {}
    for object_id, box in boxes.items():
        mask = found.labels == object_id
        too_little = np.count_nonzero(mask) < MIN_FILL * box[2] * box[3]
        masks[object_id] = inscribed_ellipse(box, image.shape[:2]) if too_little else mask
    return masks


def inscribed_ellipse(box: np.ndarray, image_hw: tuple[int, int]) -> np.ndarray:
    """The ellipse that touches a box's sides, or the visible part of the box if the ellipse lies outside the image.

    Args:
        box: (x, y, w, h) in image pixels; it overlaps the image.
        image_hw: (height, width) of the image.

    Returns:
        [H, W] bool with at least one pixel.
    """
    x, y, w, h = (float(value) for value in box)
    rows, columns = np.ogrid[: image_hw[0], : image_hw[1]]
    ellipse = ((columns + 0.5 - x - w / 2) / (w / 2)) ** 2 + ((rows + 0.5 - y - h / 2) / (h / 2)) ** 2 <= 1
    if ellipse.any():
        return ellipse
    filled = np.zeros(image_hw, np.uint8)
    cv2.rectangle(
        filled, (int(np.floor(x)), int(np.floor(y))), (int(np.ceil(x + w)) - 1, int(np.ceil(y + h)) - 1), 1, -1
    )
    return filled > 0
