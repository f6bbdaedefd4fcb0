"""The clip and its mirror image, averaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ltr_ext.data.crop import crop_around
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.object_stream import CropLogits
from tracker_ext.segmentation.segment import annotate, box_logits
from tracker_ext.segmentation.windows import schedule

CONFIG = AnnotateConfig(num_frames=3, interval=2, precision="float32", flip=True, colour=False)


def mirrored_logits(net, frames, boxes):
    """Frame -> [H, W] logits by `net.forward` on mirrored crops, flipped back."""
    found = {}
    for window in schedule(CONFIG.mode, len(boxes), CONFIG.num_frames, CONFIG.interval):
        crops = [crop_around(boxes[i], frames.shape[1:3], net.config.inference_scale, (64, 64)) for i in window.frames]
        images = np.stack([crop.cut(frames[i])[:, ::-1] for crop, i in zip(crops, window.frames, strict=True)])
        inside = np.stack([crop.boxes_to_crop(boxes[i]) for crop, i in zip(crops, window.frames, strict=True)])
        inside[:, 0] = 64 - inside[:, 0] - inside[:, 2]
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float()[:, None]
        logits = net(tensor, torch.from_numpy(inside).float()[:, None]).final[:, 0].numpy()[:, :, ::-1]
        for index in window.kept:
            at = window.frames.index(index)
            answer = CropLogits(crops[at], images[at], np.ascontiguousarray(logits[at]))
            found[index] = box_logits(answer, boxes[index], CONFIG.tolerance, frames.shape[1:3])
    return found


def test_the_logits_are_the_mean_of_those_of_the_clip_and_of_its_mirror_image(tiny_net, clip):
    frames, boxes = clip
    mirrored = mirrored_logits(tiny_net, frames, boxes)
    plain = annotate(frames, boxes, tiny_net, replace(CONFIG, flip=False), keep_logits=True)
    both = annotate(frames, boxes, tiny_net, CONFIG, keep_logits=True)
    difference = 0.0
    for one, mean in zip(plain, both, strict=True):
        expected = (one.logits[1] + mirrored[one.index]) / 2
        np.testing.assert_allclose(mean.logits[1], expected, atol=2e-3)
        difference = max(difference, np.abs(mean.logits[1] - one.logits[1]).max())
    assert difference > 0.02, "the network must tell the sides apart"


@pytest.mark.parametrize("mode", ["strided", "centred"])
def test_frames_without_boxes_and_in_between_are_treated_as_without_it(tiny_net, clip, mode):
    frames, boxes = clip
    boxes, given = boxes.copy(), np.ones(len(boxes), bool)
    boxes[[4, 5]] = np.nan
    given[[7, 8]] = False
    config = replace(CONFIG, mode=mode)
    with_flip = list(annotate(frames, boxes, tiny_net, config, given={1: given}))
    without = list(annotate(frames, boxes, tiny_net, replace(config, flip=False), given={1: given}))
    assert [one.scores.keys() for one in with_flip] == [one.scores.keys() for one in without]
    assert with_flip[7].labels.any()
