"""Small layers that encoders and decoder share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.fused import convolve


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the grid (up to the stride)."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=bias)


def resize(maps: Tensor, size: tuple[int, int] | torch.Size, mode: str = "bilinear") -> Tensor:
    """Resize [N, C, h, w] to `size`; half-pixel centres, so no shift between grids."""
    if maps.shape[-2:] == tuple(size):
        return maps
    return F.interpolate(maps, tuple(size), mode=mode, align_corners=False)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a 3x3 projection (paper, figure 4). [N, in, h, w] -> [N, out, h/stride, w/stride].

    Args:
        in_channels: of the input.
        out_channels: of the output.
        stride: of the first convolution and the projection.
        bias: whether the two convolutions have a bias; the projection always has one.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, out_channels, 3, stride, bias)
        self.conv2 = conv(out_channels, out_channels, 3, bias=bias)
        self.projection = conv(in_channels, out_channels, 3, stride)

    def forward(self, maps: Tensor) -> Tensor:
        inner = convolve(self.conv1, maps, "relu")
        return convolve(self.conv2, inner, "relu", add=convolve(self.projection, maps))


def he_initialise(module: nn.Module) -> None:
    """Normal weights with variance 2 / fan-out (He et al., 2015) in every convolution below `module`."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels // layer.groups
            nn.init.normal_(layer.weight, 0.0, math.sqrt(2.0 / fan_out))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
