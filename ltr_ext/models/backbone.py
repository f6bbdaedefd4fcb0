"""Backbones F, which extract four levels of features from images (paper section 3.5).

Both backbones take RGB 0-255 and normalise it themselves, so that no caller needs to know the colour order of a weight
file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ltr_ext.models.fused import convolve
from ltr_ext.models.lite0 import Lite0

LEVELS = ("layer1", "layer2", "layer3", "layer4")
"""The feature levels from fine to coarse, at strides 4, 8, 16 and 32."""
STEM = "stem"
"""The level before them, at stride 2, which holds little more than edges."""


class Backbone(nn.Module):
    """Abstract base class: computes features by level from RGB images.

    Attributes:
        channels: number of channels of `STEM` and of each of `LEVELS`.
    """

    channels: ClassVar[dict[str, int]]
    body: Any

    def normalise(self, images: Tensor) -> Tensor:
        """Convert RGB 0-255 [N, 3, H, W] to the colour order and range with which the weights were trained."""
        raise NotImplementedError

    def levels(self, normalised: Tensor) -> list[Tensor]:
        """The features of normalised images [N, 3, H, W]: those of `STEM`, then those of `LEVELS` in their order."""
        raise NotImplementedError

    def fold_batch_norm(self) -> None:
        """Fold the batch statistics into the convolutions, in place, and freeze these; features change by rounding."""
        for parent in list(self.modules()):
            convolution: tuple[str, nn.Conv2d] | None = None
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.Conv2d):
                    convolution = (name, child)
                elif isinstance(child, nn.BatchNorm2d) and convolution is not None:
                    folded = fuse_conv_bn_eval(convolution[1].eval(), child.eval())
                    setattr(parent, convolution[0], folded.requires_grad_(False))
                    setattr(parent, name, nn.Identity())
                    convolution = None

    def unfreeze(self, parts: Sequence[str]) -> None:
        """Make parts trainable; their batch statistics stay fixed.

        Args:
            parts: names of modules of the body, for example "layer2" or "blocks.6".

        Raises:
            ValueError: a part is unknown, or its batch statistics are folded into its weights.
        """
        for name in parts:
            part = dict(self.body.named_modules()).get(name) if name else None
            if part is None:
                raise ValueError(f"backbone part {name!r} is unknown")
            if not any(isinstance(module, nn.BatchNorm2d) for module in self.body.modules()):
                raise ValueError(f"backbone part {name!r}: batch statistics are folded; load the weights unfolded")
            part.requires_grad_(True)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Extract features.

        Args:
            images: [N, 3, H, W] float RGB, 0-255.

        Returns:
            Features [N, channels[level], ceil(H / stride), ceil(W / stride)] by level, for `STEM` and `LEVELS`.
        """
        if torch.is_inference_mode_enabled() and images.device.type == "cpu":
            # One image at a time, since the finest maps of several images fit neither the caches nor the memory that
            # the allocator keeps for reuse.
            by_image = [self.levels(self.normalise(image)) for image in images.split(1)]
            levels = [torch.cat(maps) for maps in zip(*by_image, strict=True)] if len(images) != 1 else by_image[0]
        else:
            levels = self.levels(self.normalise(images))
        return dict(zip((STEM, *LEVELS), levels, strict=True))


class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0 without its head; its weights expect (x - 127) / 128."""

    channels: ClassVar[dict[str, int]] = {STEM: 16, "layer1": 24, "layer2": 40, "layer3": 112, "layer4": 320}

    def __init__(self) -> None:
        super().__init__()
        self.body = Lite0()

    def normalise(self, images: Tensor) -> Tensor:
        return (images - 127.0) / 128.0

    def levels(self, normalised: Tensor) -> list[Tensor]:
        return self.body(normalised)


class ResNet50(Backbone):
    """ResNet-50 as in Mask R-CNN, with the strides in 1x1 convolutions; its weights expect BGR 0-255 minus the mean."""

    mean_bgr: Tensor

    channels: ClassVar[dict[str, int]] = {STEM: 64, "layer1": 256, "layer2": 512, "layer3": 1024, "layer4": 2048}

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet50  # imported here since the import takes a second

        body = resnet50(weights=None)
        for stage in (body.layer2, body.layer3, body.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
        del body.avgpool, body.fc
        self.body = body
        mean_bgr = torch.tensor([102.9801, 115.9465, 122.7717])
        self.register_buffer("mean_bgr", mean_bgr.view(1, 3, 1, 1), persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        return images.flip(1) - self.mean_bgr

    def levels(self, normalised: Tensor) -> list[Tensor]:
        body = self.body
        maps = convolve(body.conv1, normalised, "relu", norm=body.bn1)
        out = [maps]
        maps = body.maxpool(maps)
        for stage in (body.layer1, body.layer2, body.layer3, body.layer4):
            for block in stage:
                maps = _bottleneck(block, maps)
            out.append(maps)
        return out


def _bottleneck(block: Any, maps: Tensor) -> Tensor:
    """The output of one block of torchvision's ResNet-50."""
    short = maps if block.downsample is None else convolve(block.downsample[0], maps, norm=block.downsample[1])
    inner = convolve(block.conv1, maps, "relu", norm=block.bn1)
    inner = convolve(block.conv2, inner, "relu", norm=block.bn2)
    return convolve(block.conv3, inner, "relu", norm=block.bn3, add=short)


BACKBONES: dict[str, Callable[[], Backbone]] = {"resnet50": ResNet50, "efficientnet_lite0": EfficientNetLite0}


def build_backbone(name: str) -> Backbone:
    """Build a backbone with random weights.

    Args:
        name: a key of `BACKBONES`.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone {name!r} is unknown; known: {', '.join(sorted(BACKBONES))}")
    return BACKBONES[name]()


class TargetFeatures(nn.Module):
    """The features x_t: layer3 reduced to D channels and scaled per image to a mean square of 1 / (D K^2).

    Args:
        in_channels: channels of layer3.
        out_channels: D.
        filter_size: K of the aggregation.
    """

    def __init__(self, in_channels: int, out_channels: int, filter_size: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.mean_square = 1.0 / (out_channels * filter_size**2)

    def forward(self, layer3: Tensor) -> Tensor:
        """Compute x_t [N, D, h, w] float32 from layer3 [N, in_channels, h, w]."""
        maps = convolve(self.reduce, layer3)
        # float64 is kept, for gradcheck; half precision is widened before the squares are summed.
        maps = maps if maps.dtype == torch.float64 else maps.float()
        mean_square = maps.square().mean(dim=(1, 2, 3), keepdim=True)
        return maps * (self.mean_square / mean_square.clamp_min(1e-12)).sqrt()
