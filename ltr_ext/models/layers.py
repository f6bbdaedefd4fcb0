"""Small layers that the encoders and the decoder share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.fused import convolve


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution whose padding keeps the size of the maps (up to the stride)."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=bias)


def resize(maps: Tensor, size: tuple[int, int] | torch.Size, mode: str = "bilinear") -> Tensor:
    """Resize maps [N, C, h, w] to `size` with half-pixel centres, so that grids are not shifted."""
    if maps.shape[-2:] == tuple(size):
        return maps
    return F.interpolate(maps, tuple(size), mode=mode, align_corners=False)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions in parallel with a 3x3 projection (paper figure 4).

    Maps [N, in_channels, h, w] become [N, out_channels, h / stride, w / stride].

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
        stride: stride of the first convolution and of the projection.
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
    """Initialise all convolutions of `module` with normal weights of variance 2 / fan-out (He et al., 2015)."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels // layer.groups
            nn.init.normal_(layer.weight, 0.0, math.sqrt(2.0 / fan_out))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
