"""EfficientNet-Lite0 without its head: the network of Tan and Le (ICML 2019) without squeeze-and-excitation.

The names of the tensors and the outputs are those of timm's `tf_efficientnet_lite0`.

Shapes: N images, H x W pixels.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ltr_ext.models.fused import convolve
from ltr_ext.models.layers import he_initialise

STEM_CHANNELS = 32
NORM_EPS = 1e-3
"""Epsilon of TensorFlow's batch norms."""


class _Stage(NamedTuple):
    """A sequence of blocks of one kind, the first of which has the stride."""

    blocks: int
    kernel_size: int
    stride: int
    expansion: int
    channels: int
    is_level: bool
    """Whether its output is one of the levels."""


STAGES = (
    _Stage(1, 3, 1, 1, 16, True),
    _Stage(2, 3, 2, 6, 24, True),
    _Stage(2, 5, 2, 6, 40, True),
    _Stage(3, 3, 2, 6, 80, False),
    _Stage(3, 5, 1, 6, 112, True),
    _Stage(4, 5, 2, 6, 192, False),
    _Stage(1, 3, 1, 6, 320, True),
)


def _convolution(
    in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution without bias; with a stride above 1 it has no padding, since `_apply` pads the maps."""
    padding = kernel_size // 2 if stride == 1 else 0
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)


class _Separable(nn.Module):
    """A depthwise convolution, then a 1x1 convolution without activation."""

    def __init__(self, in_channels: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        self.conv_dw = _convolution(in_channels, in_channels, stage.kernel_size, stride, groups=in_channels)
        self.bn1 = nn.BatchNorm2d(in_channels, eps=NORM_EPS)
        self.conv_pw = _convolution(in_channels, stage.channels)
        self.bn2 = nn.BatchNorm2d(stage.channels, eps=NORM_EPS)
        self.skips = stride == 1 and in_channels == stage.channels

    def forward(self, maps: Tensor) -> Tensor:
        inner = _apply(self.conv_dw, self.bn1, maps)
        return convolve(self.conv_pw, inner, norm=self.bn2, add=maps if self.skips else None)


class _Inverted(nn.Module):
    """A 1x1 convolution to more channels, a depthwise one, and a 1x1 to fewer channels without activation."""

    def __init__(self, in_channels: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        inside = in_channels * stage.expansion
        self.conv_pw = _convolution(in_channels, inside)
        self.bn1 = nn.BatchNorm2d(inside, eps=NORM_EPS)
        self.conv_dw = _convolution(inside, inside, stage.kernel_size, stride, groups=inside)
        self.bn2 = nn.BatchNorm2d(inside, eps=NORM_EPS)
        self.conv_pwl = _convolution(inside, stage.channels)
        self.bn3 = nn.BatchNorm2d(stage.channels, eps=NORM_EPS)
        self.skips = stride == 1 and in_channels == stage.channels

    def forward(self, maps: Tensor) -> Tensor:
        inner = _apply(self.conv_dw, self.bn2, _apply(self.conv_pw, self.bn1, maps))
        return convolve(self.conv_pwl, inner, norm=self.bn3, add=maps if self.skips else None)


def _apply(layer: nn.Conv2d, norm: nn.Module, maps: Tensor) -> Tensor:
    return convolve(layer, maps, "relu6", norm=norm, pad_as_needed=layer.stride[0] > 1)


class Lite0(nn.Module):
    """Computes features at strides 2, 4, 8, 16 and 32 of normalised images [N, 3, H, W]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = _convolution(3, STEM_CHANNELS, 3, stride=2)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS, eps=NORM_EPS)
        channels, stages = STEM_CHANNELS, []
        for stage in STAGES:
            blocks = []
            for number in range(stage.blocks):
                kind = _Separable if stage.expansion == 1 else _Inverted
                blocks.append(kind(channels, stage, stage.stride if number == 0 else 1))
                channels = stage.channels
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        he_initialise(self)

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = _apply(self.conv_stem, self.bn1, images)
        levels = []
        for stage, blocks in zip(STAGES, self.blocks, strict=True):
            maps = blocks(maps)
            if stage.is_level:
                levels.append(maps)
        return levels
