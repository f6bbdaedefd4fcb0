"""The segmentation decoder D, which turns encodings and backbone features into logits, from coarse to fine.

It is the decoder of the paper (section 3.5) and of LWL. The part that depends only on the frame (`Decoder.prepare`) is
computed once per frame and shared by both passes of the refinement and by all windows that contain the frame. It
includes the features' share of each level's first 3x3 convolution, since conv(concat(a, b)) = conv_a(a) + conv_b(b).

Shapes: N images, E encoding channels (m_t and s_t), F backbone channels, H x W crop pixels.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.backbone import LEVELS, STEM
from ltr_ext.models.fused import ALL, Activation, convolve
from ltr_ext.models.layers import conv, resize
from ltr_ext.models.upsampling import double_bicubic, enlarged_logit

COARSE_TO_FINE = LEVELS[::-1]


class _Refine(nn.Module):
    """A 1x1 convolution, then a residual block of two 3x3 convolutions; keeps the shape [N, C, h, w]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = conv(channels, channels, 1)
        self.inner = nn.Sequential(
            conv(channels, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(), conv(channels, channels, 3, bias=False)
        )

    def forward(self, maps: Tensor) -> Tensor:
        maps = convolve(self.mix, maps)
        first, norm, _, second = self.inner
        assert isinstance(first, nn.Conv2d)
        assert isinstance(second, nn.Conv2d)
        return convolve(second, convolve(first, maps, "relu", norm=norm), "relu", add=maps)


class _Attention(nn.Module):
    """Gates the channels of a level by the averages of this and the deeper level, then adds the deeper level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(conv(2 * channels, channels, 1), nn.ReLU(), conv(channels, channels, 1))

    def forward(self, deeper: Tensor, maps: Tensor) -> Tensor:
        averages = [level.mean(dim=(2, 3), keepdim=True) for level in (maps, deeper)]
        gated = maps * torch.sigmoid(self.gate(torch.cat(averages, dim=1)))
        return gated + (deeper if deeper.shape[-1] == 1 else resize(deeper, maps.shape[-2:]))


class _Level(nn.Module):
    """One level of the decoder: fuses features with the encoding, refines, adds the deeper level, refines again."""

    def __init__(self, feature_channels: int, encoding_channels: int, channels: int, deeper_channels: int) -> None:
        super().__init__()
        fused = channels + encoding_channels
        self.reduce = nn.Sequential(conv(feature_channels, channels, 1), nn.ReLU(), conv(channels, channels, 1))
        self.fuse_features = conv(channels, fused, 3)
        self.fuse_encoding = conv(encoding_channels, fused, 3, bias=False)
        _draw_as_one(self.fuse_features, self.fuse_encoding)
        self.fuse = nn.Sequential(conv(fused, fused, 3), nn.ReLU(), conv(fused, channels, 3), nn.ReLU())
        self.refine1 = _Refine(channels)
        self.attention = _Attention(channels)
        self.refine2 = _Refine(channels)
        self.project = nn.Sequential(conv(deeper_channels, channels, 1), nn.ReLU()) if deeper_channels else None

    def prepare(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The features' share of the fusion, and the average that the deepest level adds in place of a deeper one.

        `features` are those of the backbone [N, F, h, w].
        """
        reduced = _chain(self.reduce, features)
        return convolve(self.fuse_features, reduced), reduced.mean(dim=(2, 3), keepdim=True)

    def add_encoding(self, prepared: Tensor, encoding: Tensor, inputs: slice, activation: Activation) -> Tensor:
        """Add the share of some channels of the encoding, which are `inputs` of E, to `prepared`."""
        encoding = resize(encoding, prepared.shape[-2:])
        return convolve(self.fuse_encoding, encoding, activation, add=prepared, inputs=inputs)

    def forward(self, prepared: Tensor, average: Tensor, encoding: Tensor | None, deeper: Tensor | None) -> Tensor:
        if encoding is None:
            joined = F.relu(prepared)
        else:
            last = _last(self.fuse_encoding.in_channels, encoding.shape[1])
            joined = self.add_encoding(prepared, encoding, last, "relu")
        maps = self.refine1(_chain(self.fuse, joined))
        context = average if self.project is None or deeper is None else _chain(self.project, deeper)
        return self.refine2(self.attention(context, maps))


def _draw_as_one(*parts: nn.Conv2d) -> None:
    """Scale PyTorch's initial weights of convolutions that are parts of one, to the number of inputs of all parts."""
    inputs = sum(part.in_channels for part in parts)
    with torch.no_grad():
        for part in parts:
            for parameter in part.parameters():
                parameter.mul_((part.in_channels / inputs) ** 0.5)


def _last(channels: int, count: int) -> slice:
    """The slice of the last `count` of `channels` channels."""
    return ALL if count == channels else slice(channels - count, channels)


def _chain(layers: nn.Sequential, maps: Tensor) -> Tensor:
    """Apply a sequence of convolutions, each together with the ReLU that may follow it."""
    for layer, after in zip_longest(layers, layers[1:]):
        if isinstance(layer, nn.Conv2d):
            maps = convolve(layer, maps, "relu" if isinstance(after, nn.ReLU) else "none")
    return maps


class _Detail(nn.Module):
    """Details finer than the finest level: edges from the stem (stride 2), and a correction of each pixel's logit.

    All its outputs are zero at the start, so that the training of a decoder without it can continue with it.

    Args:
        stem_channels: number of channels of the stem.
        channels: number of channels of the decoder's tail.
    """

    def __init__(self, stem_channels: int, channels: int) -> None:
        super().__init__()
        self.edges = conv(stem_channels, channels, 3)
        self.mix = conv(channels, channels, 3)
        self.pixels = conv(channels, 4, 3)
        for layer in (self.edges, self.mix, self.pixels):
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor, edges: Tensor) -> Tensor:
        """The output of the tail, from its maps before the activation and `edges` of the stem, [N, C, h, w] each."""
        maps = F.relu(maps + edges)
        return convolve(self.mix, maps, "relu", add=maps)


class Decoder(nn.Module):
    """The decoder D.

    Args:
        backbone_channels: number of channels of each backbone level, and of the stem.
        encoding_channels: E.
        widths: channels of the decoder at layer4, layer3, layer2 and layer1.
        upsampling: interpolation of the two last steps, "bicubic" as in LWL or "bilinear". The latter also computes the
            logits at half the crop's resolution and enlarges them, which on a CPU saves a tenth of a training step.
        detail: whether the last steps use the stem, and correct each pixel.
    """

    def __init__(
        self,
        backbone_channels: dict[str, int],
        encoding_channels: int,
        widths: tuple[int, int, int, int],
        upsampling: Literal["bicubic", "bilinear"],
        detail: bool = False,
    ) -> None:
        super().__init__()
        deeper = (0, *widths[:-1])
        self.levels = nn.ModuleDict(
            {
                name: _Level(backbone_channels[name], encoding_channels, width, deeper_width)
                for name, width, deeper_width in zip(COARSE_TO_FINE, widths, deeper, strict=True)
            }
        )
        self.tail = conv(widths[-1], widths[-1] // 2, 3)
        self.logit = conv(widths[-1] // 2, 1, 3)
        self.upsampling = upsampling
        self.detail = _Detail(backbone_channels[STEM], widths[-1] // 2) if detail else None

    def prepare(self, features: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Compute the part that does not depend on the encodings.

        Args:
            features: features of the stem and the backbone levels, [N, F, h, w] each.

        Returns:
            One tensor per level from coarse to fine, then the deepest level's average, then, if the decoder uses them,
            the edges of the stem; all with the leading dimension N.
        """
        prepared = [self._level(name).prepare(features[name]) for name in COARSE_TO_FINE]
        edges = () if self.detail is None else (self.detail.edges(features[STEM]),)
        return (*(maps for maps, _ in prepared), prepared[0][1], *edges)

    def with_encoding(self, prepared: tuple[Tensor, ...], encoding: Tensor) -> tuple[Tensor, ...]:
        """Fuse the first channels of the encoding in advance, for frames that are decoded more than once.

        Args:
            prepared: the result of `prepare`.
            encoding: [N, E', h, w], the first E' of the E channels, for the same frames.

        Returns:
            The argument `prepared` for `forward`, whose `encoding` then has only the other channels (or is None).
        """
        fused = [
            self._level(name).add_encoding(maps, encoding, slice(encoding.shape[1]), "none")
            for name, maps in zip(COARSE_TO_FINE, prepared, strict=False)
        ]
        return (*fused, *prepared[len(LEVELS) :])

    def forward(
        self, encoding: Tensor | None, prepared: tuple[Tensor, ...], size: tuple[int, int], fine: bool = True
    ) -> Tensor:
        """Compute logits.

        Args:
            encoding: [N, E, h, w] at stride 16, or only its last channels if the others are zero or already in
                `prepared`, or None if all are.
            prepared: the result of `prepare` or `with_encoding`, for the same N frames.
            size: (H, W) of the crop.
            fine: whether the details are added, if the decoder has them; logits that are refined later do not need
                them.

        Returns:
            [N, H, W] logits, float32 (float64 for such inputs); a logit above 0 means object.
        """
        detail = self.detail if fine else None
        levels, (average, *edges) = prepared[: len(LEVELS)], prepared[len(LEVELS) :]
        deeper: Tensor | None = None
        for name, level_maps in zip(COARSE_TO_FINE, levels, strict=True):
            deeper = self._level(name)(level_maps, average, encoding, deeper)
        assert deeper is not None
        bicubic = self.upsampling == "bicubic"
        maps = double_bicubic(deeper) if bicubic else F.interpolate(deeper, scale_factor=2, mode="bilinear")
        maps = convolve(self.tail, maps, "relu") if detail is None else detail(convolve(self.tail, maps), *edges)
        if bicubic:
            logits = enlarged_logit(self.logit, maps, size)[:, 0]
        else:
            logits = resize(convolve(self.logit, maps), size)[:, 0]
        if detail is not None:
            logits = logits + F.pixel_shuffle(detail.pixels(maps), 2)[:, 0]
        return logits if logits.dtype == torch.float64 else logits.float()

    def _level(self, name: str) -> _Level:
        level = self.levels[name]
        assert isinstance(level, _Level)
        return level
