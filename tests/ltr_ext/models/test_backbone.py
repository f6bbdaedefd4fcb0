"""The backbones: the same features as the packages whose weights they take, in training and in inference."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ltr_ext.models.backbone import LEVELS, STEM, build_backbone
from ltr_ext.models.lite0 import Lite0


def with_statistics(module):
    """Batch statistics as training leaves them."""
    torch.manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
            nn.init.normal_(layer.bias, 0, 0.1)
            nn.init.normal_(layer.running_mean, 0, 0.1)
    return module.eval()


@pytest.mark.parametrize("size", [(64, 64), (64, 96), (75, 53)])
def test_lite0_equals_timm(size):
    timm = pytest.importorskip("timm")
    theirs = with_statistics(
        timm.create_model("tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(0, 1, 2, 3, 4))
    )
    ours = Lite0().eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        expected, found = theirs(images), ours(images)
    with torch.inference_mode():
        at_once = ours(images)
    for one, two, three in zip(expected, found, at_once, strict=True):
        torch.testing.assert_close(two, one, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(three, one, atol=1e-5 * float(one.abs().max()), rtol=0)


def test_resnet50_equals_torchvision_layer_by_layer():
    backbone = with_statistics(build_backbone("resnet50"))
    images = 255 * torch.rand(2, 3, 64, 96)
    body = backbone.body
    with torch.no_grad():
        maps = body.relu(body.bn1(body.conv1(backbone.normalise(images))))
        expected = {STEM: maps}
        maps = body.maxpool(maps)
        for name in LEVELS:
            maps = expected[name] = getattr(body, name)(maps)
        found = backbone(images)
    for name, level in expected.items():
        torch.testing.assert_close(found[name], level, atol=0, rtol=0)


@pytest.mark.parametrize("name", ["resnet50", "efficientnet_lite0"])
@pytest.mark.parametrize("folded", [False, True])
def test_inference_gives_the_features_of_training(name, folded):
    backbone = with_statistics(build_backbone(name)).requires_grad_(False)
    images = 255 * torch.rand(3, 3, 64, 64)
    expected = backbone(images)
    if folded:
        backbone.fold_batch_norm()
        assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    with torch.inference_mode():
        found = backbone(images)
    for level, maps in expected.items():
        assert maps.shape == found[level].shape
        torch.testing.assert_close(found[level], maps, atol=1e-5 * float(maps.abs().max()), rtol=0)
