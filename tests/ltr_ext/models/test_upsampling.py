"""Bicubic enlargement by convolutions equals interpolation, borders included."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ltr_ext.models.upsampling import double_bicubic, enlarged_logit


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 9), (16, 10)])
@pytest.mark.parametrize("channels", [1, 5, 12])
def test_double_size(size, channels):
    maps = torch.randn(2, channels, *size, dtype=torch.float64)
    expected = F.interpolate(maps, scale_factor=2, mode="bicubic", align_corners=False)
    torch.testing.assert_close(double_bicubic(maps), expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(double_bicubic(maps.float()), expected.float(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(14, 18), (20, 25), (7, 9)])
@pytest.mark.parametrize("channels", [4, 32])
@pytest.mark.parametrize("bias", [True, False])
def test_the_logit_may_be_made_before_enlarging(size, channels, bias):
    layer = nn.Conv2d(channels, 1, 3, padding=1, bias=bias).double()
    maps = torch.randn(2, channels, 7, 9, dtype=torch.float64)
    large = maps if size == (7, 9) else F.interpolate(maps, size, mode="bicubic", align_corners=False)
    torch.testing.assert_close(enlarged_logit(layer, maps, size), layer(large), atol=1e-12, rtol=0)


def test_derivatives():
    maps = torch.randn(1, 10, 3, 4, dtype=torch.float64, requires_grad=True)
    layer = nn.Conv2d(10, 1, 3, padding=1).double()
    assert torch.autograd.gradcheck(double_bicubic, maps[:, :2])
    assert torch.autograd.gradcheck(lambda x: enlarged_logit(layer, x, (6, 8)), maps)


def test_autocast():
    layer, maps = nn.Conv2d(16, 1, 3, padding=1), torch.randn(1, 16, 6, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = enlarged_logit(layer, double_bicubic(maps), (24, 32))
    expected = layer(F.interpolate(F.interpolate(maps, scale_factor=2, mode="bicubic"), (24, 32), mode="bicubic"))
    torch.testing.assert_close(found.float(), expected, atol=0.05, rtol=0.05)
