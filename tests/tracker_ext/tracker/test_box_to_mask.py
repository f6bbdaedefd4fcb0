"""A start for every box."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.tracker.box_to_mask import boxes_to_masks, inscribed_ellipse


@pytest.mark.parametrize(
    ("box", "area"),
    [
        pytest.param((10, 10, 40, 20), np.pi / 4 * 40 * 20, id="inside"),
        pytest.param((-20, 10, 40, 20), np.pi / 8 * 40 * 20, id="half outside"),
        pytest.param((5.2, 5.2, 0.5, 0.5), 1, id="less than a pixel"),
        pytest.param((93, 69, 60, 60), 3 * 3, id="only a corner inside: the box"),
    ],
)
def test_ellipse(box: tuple[float, ...], area: float) -> None:
    assert inscribed_ellipse(np.array(box), (72, 96)).sum() == pytest.approx(area, rel=0.03)


def test_a_blind_network_gets_the_ellipse(box_net: Box2MaskNet, frames: list[np.ndarray]) -> None:
    class Blind(Box2MaskNet):
        def _decode(self, encoding, explained, size, fine=True):
            return torch.full((*encoding.features.shape[:2], *size), -5.0)

    blind = Blind(box_net.config).eval()
    box = np.array([30.0, 20.0, 30.0, 24.0])
    masks = boxes_to_masks(frames[0], {4: box}, blind, AnnotateConfig(num_frames=1, precision="float32"))
    assert list(masks) == [4]
    assert np.array_equal(masks[4], inscribed_ellipse(box, frames[0].shape[:2]))
