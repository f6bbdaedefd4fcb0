"""Backbones F: images in, four levels of features out (paper section 3.5).

Both take RGB 0-255 and normalise inside, so that no caller can feed the wrong colour order.
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
"""Feature levels, fine to coarse: strides 4, 8, 16, 32."""
STEM = "stem"
"""What lies before them, at stride 2: edges and little else."""


class Backbone(nn.Module):
    """Abstract: RGB images -> features by level.

    Attributes:
        channels: channels of `STEM` and of each of `LEVELS`.
    """

    channels: ClassVar[dict[str, int]]
    body: Any

    def normalise(self, images: Tensor) -> Tensor:
        """RGB 0-255 [N, 3, H, W] -> what the weights were trained on."""
        raise NotImplementedError

    def levels(self, normalised: Tensor) -> list[Tensor]:
        """Normalised [N, 3, H, W] -> features of `STEM`, then in the order of `LEVELS`."""
        raise NotImplementedError

    def fold_batch_norm(self) -> None:
        """Fold the frozen batch statistics into the convolutions, in place; features stay equal up to rounding."""
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
        """Let parts be trained; their batch statistics stay as they are.

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
            `STEM` and `LEVELS` -> [N, channels[level], ceil(H / stride), ceil(W / stride)].
        """
        if torch.is_inference_mode_enabled() and images.device.type == "cpu":
            # One by one: the finest maps of several images are too big for caches, and for the allocator to keep.
            by_image = [self.levels(self.normalise(image)) for image in images.split(1)]
            levels = [torch.cat(maps) for maps in zip(*by_image, strict=True)] if len(images) != 1 else by_image[0]
        else:
            levels = self.levels(self.normalise(images))
        return dict(zip((STEM, *LEVELS), levels, strict=True))


class EfficientNetLite0(Backbone):
    """EfficientNet-Lite0 without its head; weights: (x - 127) / 128."""

    channels: ClassVar[dict[str, int]] = {STEM: 16, "layer1": 24, "layer2": 40, "layer3": 112, "layer4": 320}

    def __init__(self) -> None:
        super().__init__()
        self.body = Lite0()

    def normalise(self, images: Tensor) -> Tensor:
        return (images - 127.0) / 128.0

    def levels(self, normalised: Tensor) -> list[Tensor]:
        return self.body(normalised)


class ResNet50(Backbone):
    """ResNet-50 as in Mask R-CNN: the stride sits in the 1x1 convolution; BGR 0-255 minus the mean."""

    mean_bgr: Tensor

    channels: ClassVar[dict[str, int]] = {STEM: 64, "layer1": 256, "layer2": 512, "layer3": 1024, "layer4": 2048}

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet50  # here, not above: its import takes a second

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
    """One block of a ResNet-50 of torchvision."""
    short = maps if block.downsample is None else convolve(block.downsample[0], maps, norm=block.downsample[1])
    inner = convolve(block.conv1, maps, "relu", norm=block.bn1)
    inner = convolve(block.conv2, inner, "relu", norm=block.bn2)
    return convolve(block.conv3, inner, "relu", norm=block.bn3, add=short)


BACKBONES: dict[str, Callable[[], Backbone]] = {"resnet50": ResNet50, "efficientnet_lite0": EfficientNetLite0}


def build_backbone(name: str) -> Backbone:
    """A backbone with random weights.

    Args:
        name: a key of `BACKBONES`.

    Raises:
        ValueError: unknown name.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone {name!r} is unknown; known: {', '.join(sorted(BACKBONES))}")
    return BACKBONES[name]()


class TargetFeatures(nn.Module):
    """x_t: layer3 reduced to D channels, one L2 norm per image, mean square 1 / (D K^2).

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
        """[N, in_channels, h, w] -> float32 [N, D, h, w]."""
        maps = convolve(self.reduce, layer3)
        # Double inputs stay double (gradcheck); halves are widened before the squares are summed.
        maps = maps if maps.dtype == torch.float64 else maps.float()
        mean_square = maps.square().mean(dim=(1, 2, 3), keepdim=True)
        return maps * (self.mean_square / mean_square.clamp_min(1e-12)).sqrt()
