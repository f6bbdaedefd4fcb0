"""The first mask from the first box as pytracking's STA helper makes it: its crop, cut off exactly at the box.

With the same weights the logits are its own (`tests/tracker_ext/tracker/test_upstream_box.py`), but for two things: the
helper hands its network the picture as it is, RGB and without the mean that the network was trained with; and it cuts a
box that begins outside the picture at a place counted from the other border. Here the network sees what it was trained
on, and a box is cut at the picture.

Shapes: H W image pixels, Hc Wc crop pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.merge import merge_labels
from tracker_ext.segmentation.prepare import check_frame, check_tracks
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT, label_type
from tracker_ext.tracker.box_to_mask import inscribed_ellipse
from tracker_ext.tracker.upstream_crop import UpstreamCrop, find_region

FRAME = "first frame"
"""What messages call it."""


def sta_masks(
    image: np.ndarray, boxes: Mapping[int, np.ndarray], net: Box2MaskNet, scale: float | None = None
) -> dict[int, np.ndarray]:
    """Segment the boxed objects of one frame, each alone; where they overlap, soft aggregation decides.

    Args:
        image: [H, W, 3] uint8 RGB.
        boxes: object id -> [4] (x, y, w, h), image pixels.
        net: the network, in eval mode.
        scale: see `sta_logits`.

    Returns:
        Object id -> [H, W] bool; the ellipse in the box where the mask would be empty.

    Raises:
        UserError: a box with no area, not finite, or outside the image.
    """
    tracks = check_tracks({i: np.asarray(box, dtype=np.float64).reshape(1, -1) for i, box in boxes.items()}, FRAME)
    check_frame(tracks, 0, (image.shape[0], image.shape[1]), FRAME)
    logits = {object_id: sta_logits(image, box, net, scale) for object_id, box in boxes.items()}
    labels = merge_labels(logits, image.shape[:2], "soft", label_type(boxes))
    masks = {object_id: labels == object_id for object_id in boxes}
    return {i: mask if mask.any() else inscribed_ellipse(boxes[i], image.shape[:2]) for i, mask in masks.items()}


@torch.inference_mode()
def sta_logits(image: np.ndarray, box: np.ndarray, net: Box2MaskNet, scale: float | None = None) -> np.ndarray:
    """Logits of one box on its own (T = 1): a crop that is never shrunk, borders repeated, no tolerance.

    Args:
        image: [H, W, 3] uint8 RGB.
        box: [4] (x, y, w, h), image pixels, with an area.
        net: the network, in eval mode.
        scale: side of the crop as a multiple of the box; None: the network's own.

    Returns:
        [H, W] float32, `BACKGROUND_LOGIT` outside the box, whose corners are taken as whole pixels.
    """
    x, y, w, h = (float(value) for value in box)
    crop_hw = net.config.crop_hw
    out = torch.tensor(crop_hw, dtype=torch.float32)
    centre, size = torch.tensor([y + (h - 1) / 2, x + (w - 1) / 2]), torch.tensor([h, w])
    zoom = (size * (scale or net.config.scale_of(w, h))).prod().sqrt() / out.prod().sqrt()
    crop = UpstreamCrop(find_region(centre, zoom * out, out, None), crop_hw)
    middle, factor = crop.place
    corner = (centre - middle) / factor + (out - 1) / 2 - (size / factor - 1) / 2
    crop_box = torch.cat((corner.flip(0), size.flip(0) / factor))
    device = next(net.parameters()).device
    picture = torch.from_numpy(crop.cut(image)).permute(2, 0, 1).to(device)
    found = net(picture[None, None], crop_box[None, None].to(device)).final[0, 0].float().cpu().numpy()
    logits = np.full(image.shape[:2], BACKGROUND_LOGIT, dtype=np.float32)
    rows, columns = (slice(max(int(low), 0), max(int(low) + int(side), 0)) for low, side in ((y, h), (x, w)))
    logits[rows, columns] = crop.paste(found, image.shape[:2], BACKGROUND_LOGIT)[rows, columns]
    return logits
