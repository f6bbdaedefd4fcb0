"""The first mask from the box on the first frame, as pytracking's STA helper makes it: cut off exactly at the box.

With the same weights the logits equal those of the helper (`tests/tracker_ext/tracker/test_upstream_box.py`), with two
exceptions. The helper gives its network the picture in RGB and without subtracting the mean, unlike in the training of
the network; here the input is as in training. And for a box that begins outside the picture, the helper counts its
negative coordinates from the opposite border; here the box is cut off at the picture.

Shapes: H x W image pixels, Hc x Wc crop pixels.
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
"""How messages call the frame."""


def sta_masks(
    image: np.ndarray, boxes: Mapping[int, np.ndarray], net: Box2MaskNet, scale: float | None = None
) -> dict[int, np.ndarray]:
    """Segment the boxed objects of one frame separately; where they overlap, soft aggregation decides.

    Args:
        image: [H, W, 3] uint8 RGB.
        boxes: [4] (x, y, w, h) in image pixels by object id.
        net: the network, in evaluation mode.
        scale: see `sta_logits`.

    Returns:
        Masks [H, W] bool by object id; an empty mask is replaced by the ellipse in the box.

    Raises:
        UserError: a box has no area, is not finite, or lies outside the image.
    """
    tracks = check_tracks({i: np.asarray(box, dtype=np.float64).reshape(1, -1) for i, box in boxes.items()}, FRAME)
    check_frame(tracks, 0, (image.shape[0], image.shape[1]), FRAME)
    logits = {object_id: sta_logits(image, box, net, scale) for object_id, box in boxes.items()}
    labels = merge_labels(logits, image.shape[:2], "soft", label_type(boxes))
    masks = {object_id: labels == object_id for object_id in boxes}
    return {i: mask if mask.any() else inscribed_ellipse(boxes[i], image.shape[:2]) for i, mask in masks.items()}


@torch.inference_mode()
def sta_logits(image: np.ndarray, box: np.ndarray, net: Box2MaskNet, scale: float | None = None) -> np.ndarray:
    """The logits of a single box (T = 1), whose crop is never shrunk to the image and repeats the image's border.

    Args:
        image: [H, W, 3] uint8 RGB.
        box: [4] (x, y, w, h) in image pixels, with an area.
        net: the network, in evaluation mode.
        scale: side of the crop as a multiple of the box; None means that of the network.

    Returns:
        [H, W] float32, `BACKGROUND_LOGIT` outside the box, whose coordinates are truncated to whole pixels.
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
