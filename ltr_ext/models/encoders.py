"""The object encoder B (paper section 3.1, appendix B), and the mask encoder of the refinement (eq. 3) and of LWL.

Shapes: N images, H x W crop pixels, h = H / 16, w = W / 16, D features, C encoding channels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.fused import convolve
from ltr_ext.models.layers import ResidualBlock, conv, he_initialise, resize


class Encoding(NamedTuple):
    """The encoding e_t and its weight w_t, [N, C, h, w] each."""

    target: Tensor
    weight: Tensor


def rasterise_boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    """Paint boxes as masks; a pixel that a box covers partly gets the covered share.

    Args:
        boxes: [N, 4] (x, y, w, h) in crop pixels, origin top left; they may extend beyond the crop.
        height: crop height in pixels.
        width: crop width in pixels.

    Returns:
        [N, 1, height, width] float32 in 0..1.
    """
    x, y, w, h = boxes.float().unbind(-1)
    columns = torch.arange(width, device=boxes.device, dtype=torch.float32)
    rows = torch.arange(height, device=boxes.device, dtype=torch.float32)

    def covered(grid: Tensor, start: Tensor, length: Tensor) -> Tensor:
        low = torch.maximum(grid[None], start[:, None])
        high = torch.minimum(grid[None] + 1, (start + length)[:, None])
        return (high - low).clamp(0, 1)

    return (covered(rows, y, h)[:, :, None] * covered(columns, x, w)[:, None, :])[:, None]


class _MaskStem(nn.Module):
    """Computes features [N, widths[2], h, w] at stride 16 from masks [N, 1, H, W]."""

    def __init__(self, widths: tuple[int, ...], block_bias: bool) -> None:
        super().__init__()
        self.conv = conv(1, widths[0], 3, stride=2)
        self.block1 = ResidualBlock(widths[0], widths[1], stride=2, bias=block_bias)
        self.block2 = ResidualBlock(widths[1], widths[2], stride=2, bias=block_bias)

    def forward(self, masks: Tensor) -> Tensor:
        maps = F.max_pool2d(convolve(self.conv, masks, "relu"), 3, stride=2, padding=1)
        return self.block2(self.block1(maps))


class _Heads(nn.Module):
    """The two last convolutions: e_t, with a ReLU, and w_t, which is 1 everywhere before training."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.target = conv(in_channels, out_channels, 3)
        self.weight = conv(in_channels, out_channels, 3)

    def start_with_unit_weight(self) -> None:
        nn.init.zeros_(self.weight.weight)
        assert self.weight.bias is not None
        nn.init.ones_(self.weight.bias)

    def forward(self, maps: Tensor) -> Encoding:
        return Encoding(convolve(self.target, maps, "relu"), convolve(self.weight, maps))


class ObjectEncoder(nn.Module):
    """The object encoder (e_t, w_t) = B(x_t, b_t), eq. 1.

    Args:
        feature_dim: D.
        out_channels: C.
        widths: channels of the stem's convolution, of its two blocks, and of the block that takes the features, too.
        block_bias: whether the two inner convolutions of each residual block have a bias.
    """

    def __init__(
        self, feature_dim: int, out_channels: int, widths: tuple[int, int, int, int], block_bias: bool = True
    ) -> None:
        super().__init__()
        self.stem = _MaskStem(widths, block_bias)
        self.block = ResidualBlock(widths[2] + feature_dim, widths[3], bias=block_bias)
        self.heads = _Heads(widths[3], out_channels)
        he_initialise(self)
        self.heads.start_with_unit_weight()

    def forward(self, box_masks: Tensor, features: Tensor) -> Encoding:
        """The encoding [N, C, h, w] of box masks [N, 1, H, W] in 0..1 and features [N, D, h, w]."""
        return self.heads(_join(self.stem, self.block, box_masks, features))


class SingleFrameEncoder(nn.Module):
    """The encoder of m_t, which has the layers of an object encoder with only the first head (appendix B)."""

    def __init__(
        self, feature_dim: int, out_channels: int, widths: tuple[int, int, int, int], block_bias: bool = True
    ) -> None:
        super().__init__()
        self.stem = _MaskStem(widths, block_bias)
        self.block = ResidualBlock(widths[2] + feature_dim, widths[3], bias=block_bias)
        self.head = conv(widths[3], out_channels, 3)
        he_initialise(self)

    def forward(self, box_masks: Tensor, features: Tensor) -> Tensor:
        """m_t [N, C, h, w] of box masks [N, 1, H, W] in 0..1 and features [N, D, h, w]."""
        return convolve(self.head, _join(self.stem, self.block, box_masks, features), "relu")


class MaskEncoder(nn.Module):
    """The encoder of (e_t, w_t) from a mask alone: B^ of eq. 3, and LWL's label encoder.

    Args:
        out_channels: C.
        widths: channels of the stem's convolution and of its two blocks.
        block_bias: see `ObjectEncoder`.
    """

    def __init__(self, out_channels: int, widths: tuple[int, int, int], block_bias: bool = True) -> None:
        super().__init__()
        self.stem = _MaskStem(widths, block_bias)
        self.heads = _Heads(widths[2], out_channels)
        he_initialise(self)
        self.heads.start_with_unit_weight()

    def forward(self, masks: Tensor, size: tuple[int, int] | torch.Size) -> Encoding:
        """The encoding [N, C, h, w] of masks [N, 1, H, W] in 0..1, on the feature grid `size` = (h, w)."""
        encoding = self.heads(self.stem(masks))
        return Encoding(resize(encoding.target, size), resize(encoding.weight, size))


def _join(stem: nn.Module, block: nn.Module, masks: Tensor, features: Tensor) -> Tensor:
    """Encode the masks, concatenate them with the features, and fuse the two."""
    encoded = resize(stem(masks), features.shape[-2:])
    return block(torch.cat((encoded, features), dim=1))
