"""The first mask from the first box by the rules of pytracking's STA helper."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ltr_ext import host
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.segment import BACKGROUND_LOGIT
from tracker_ext.tracker.upstream_box import sta_logits, sta_masks

sys.path.insert(0, str(Path(__file__).parents[2] / "ltr_ext" / "upstream_weights"))
from upstream_networks import build_upstream, save_by_upstream, to_upstream

needs_upstream = pytest.mark.skipif(host.resolve().name != "upstream", reason="the host is minihost")
CROP_HW = (96, 160)
IMAGE_HW = (150, 240)
LOGIT_SHIFT = 5.4
"""Taken from the drawn bias, so that about half of the random logits in the boxes are above 0."""
BOXES = {
    "inside": (60, 40, 88, 52),
    "near the border: the crop reaches over it and is not shrunk": (4, 3, 90, 70),
    "over the right and the lower border": (150, 90, 120, 80),
    "larger than the picture allows": (10, 8, 220, 130),
    "small: the crop is an enlargement": (100, 70, 11, 9),
    "fractions of pixels": (60.7, 40.2, 87.9, 51.4),
}


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, IMAGE_HW[0] // 8, IMAGE_HW[1] // 8, generator=generator)
    return torch.nn.functional.interpolate(255 * coarse, IMAGE_HW, mode="bilinear")[0].permute(1, 2, 0).byte().numpy()


@pytest.fixture(scope="module")
def upstream_pair(tmp_path_factory):
    """Upstream's network, given pictures as it was trained on, and ours of the same weights."""
    from ltr_ext.weights import load_network

    theirs = build_upstream("sta")
    with torch.no_grad():
        theirs.decoder.project.conv2.bias -= LOGIT_SHIFT
    ours = load_network(save_by_upstream(theirs, tmp_path_factory.mktemp("sta")))
    ours.config = replace(ours.config, crop_hw=CROP_HW)
    heard = []

    def forward(images, boxes):
        heard.append(theirs(to_upstream(images), boxes)[1])
        return None, heard[-1]

    return SimpleNamespace(forward=forward, target_model=theirs.target_model), ours, heard


@needs_upstream
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_beside_upstreams_predict_mask(upstream_pair, image, box):
    """Logits within 1e-4 of its own, and every pixel of the mask, for boxes that begin inside the picture."""
    from pytracking.tracker.rts.sta_helper import STAHelper
    from pytracking.utils import TrackerParams

    theirs, ours, heard = upstream_pair
    params = TrackerParams()
    params.sta_net, params.device = theirs, "cpu"
    params.sta_image_sample_size, params.sta_search_area_scale = CROP_HW, 4.0
    helper = STAHelper(params)
    kept = []
    paste = helper.convert_scores_crop_to_image
    helper.convert_scores_crop_to_image = lambda *given: kept.append(paste(*given)) or kept[-1]
    expected = helper.predict_mask(image, np.array(box, dtype=np.float64)).numpy()
    found = sta_logits(image, np.array(box), ours)
    np.testing.assert_allclose(found, kept[-1].numpy(), atol=1e-4, rtol=0)  # it was cut at the box in place
    certain = np.abs(found) > 1e-4
    np.testing.assert_array_equal((found > 0)[certain], expected.astype(bool)[certain])
    assert 0.05 < expected.sum() / (box[2] * box[3]) < 0.95 and heard[-1].std() > 1, "a mask that tells something"


def test_masks_end_exactly_at_the_box(box_net: Box2MaskNet, image: np.ndarray) -> None:
    with torch.no_grad():
        kept = box_net.decoder.logit.bias.clone()
        box_net.decoder.logit.bias.fill_(50.0)
        try:
            masks = sta_masks(image, {1: np.array([20, 30, 50, 40]), 3: np.array([-10, 100, 40, 80])}, box_net)
        finally:
            box_net.decoder.logit.bias.copy_(kept)
    wanted = np.zeros((2, *IMAGE_HW), bool)
    wanted[0, 30:70, 20:70] = True
    wanted[1, 100:, :30] = True
    np.testing.assert_array_equal(masks[1], wanted[0])
    np.testing.assert_array_equal(masks[3], wanted[1], err_msg="a box over the border is cut at the picture")


def test_where_the_network_sees_nothing_the_ellipse_stands(box_net: Box2MaskNet, image: np.ndarray) -> None:
    with torch.no_grad():
        kept = box_net.decoder.logit.bias.clone()
        box_net.decoder.logit.bias.fill_(-50.0)
        try:
            masks = sta_masks(image, {1: np.array([20, 30, 50, 40])}, box_net)
            logits = sta_logits(image, np.array([20, 30, 50, 40]), box_net)
        finally:
            box_net.decoder.logit.bias.copy_(kept)
    assert (logits < 0).all() and logits[0, 0] == BACKGROUND_LOGIT
    assert 0.7 < masks[1].sum() / (50 * 40) < 0.85


@pytest.mark.parametrize("box", [(20, 30, 0, 40), (400, 30, 20, 40), (20, float("inf"), 5, 5)])
def test_bad_boxes_are_refused(box_net: Box2MaskNet, image: np.ndarray, box) -> None:
    with pytest.raises(UserError, match="first frame"):
        sta_masks(image, {1: np.array(box)}, box_net)
