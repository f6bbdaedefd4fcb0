"""Bicubic enlargement to double size by convolutions, and a convolution to one channel after it.

`F.interpolate` gathers 16 values for each output value. At double size, all weights repeat every second position, so
that each of the four kinds of positions is a depthwise convolution. The cubic has a = -0.75, half-pixel centres and a
repeated border, so that the results are those of `F.interpolate` up to rounding.

Shapes: N images, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.fused import convolve
from ltr_ext.models.layers import resize

TAPS = (-0.03515625, 0.26171875, 0.87890625, -0.10546875)
"""Weights of the four neighbours of a position that is three quarters of the way from the second to the third."""


def double_bicubic(maps: Tensor) -> Tensor:
    """Enlarge [N, C, h, w] to [N, C, 2 h, 2 w] as `F.interpolate(maps, scale_factor=2, mode="bicubic")` does."""
    count, channels, height, width = maps.shape
    if maps.device.type != "cpu":
        return F.interpolate(maps, scale_factor=2, mode="bicubic", align_corners=False)
    later = maps.new_tensor(TAPS)
    padded = F.pad(maps, (2, 2, 2, 2), mode="replicate").contiguous(memory_format=torch.channels_last)
    out = torch.empty((count, channels, 2 * height, 2 * width), dtype=maps.dtype, memory_format=torch.channels_last)
    for row in (0, 1):
        for column in (0, 1):
            kernel = torch.outer(*(later.flip(0) if odd else later for odd in (row, column)))
            found = F.conv2d(padded, kernel.expand(channels, 1, 4, 4).contiguous(), groups=channels)
            out[:, :, row::2, column::2] = found[:, :, row : row + height, column : column + width]
    return out


def enlarged_logit(layer: nn.Conv2d, maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Compute `layer(resize(maps, size, "bicubic"))` for a 3x3 convolution to one channel.

    Enlarging treats all channels alike, so they can be combined before it: one map per tap of the convolution is
    enlarged instead of one per input channel. The taps are then shifted and added, with zeros beyond the border.

    Args:
        layer: a 3x3 convolution with padding 1 and one output channel.
        maps: [N, C, h, w].
        size: (H, W).

    Returns:
        [N, 1, H, W].
    """
    if maps.shape[1] <= 9 or tuple(size) == tuple(maps.shape[-2:]):
        return convolve(layer, resize(maps, size, "bicubic"))
    by_tap = F.conv2d(maps, layer.weight[0].flatten(1).T[:, :, None, None])
    doubles = tuple(size) == tuple(2 * side for side in maps.shape[-2:])
    large = double_bicubic(by_tap) if doubles else resize(by_tap, size, "bicubic")
    padded = F.pad(large, (1, 1, 1, 1))
    logits = sum(
        padded[:, tap, tap // 3 : tap // 3 + size[0], tap % 3 : tap % 3 + size[1]] for tap in range(large.shape[1])
    )
    assert isinstance(logits, Tensor)
    return (logits if layer.bias is None else logits + layer.bias).unsqueeze(1)
