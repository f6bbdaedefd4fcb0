"""Shape of an LWL network; the defaults are the paper's (Bhat et al., ECCV 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LWLConfig:
    """Everything needed to rebuild a network before its weights are loaded."""

    backbone: str = "resnet50"
    """`resnet50` or `efficientnet_lite0`."""
    feature_dim: int = 512
    """D, channels of the target features."""
    encoding_channels: int = 16
    """C, channels of the few-shot labels and of their weights."""
    filter_size: int = 3
    """K of the target model."""
    encoder_widths: tuple[int, int, int] = (16, 32, 64)
    """Channels inside the label encoder."""
    block_bias: bool = True
    """Whether the convolutions inside the encoders' residual blocks have a bias; False for upstream's weight file
    and for what shall be exported to its format."""
    decoder_widths: tuple[int, int, int, int] = (256, 128, 128, 64)
    """Channels of the decoder at layer4, layer3, layer2, layer1."""
    upsampling: Literal["bicubic", "bilinear"] = "bicubic"
    """Interpolation of the decoder's last two steps; with "bilinear" logits are made at half resolution."""
    detail: bool = False
    """Whether the decoder's last steps see the backbone's first features (stride 2) and correct each pixel."""
    previous_width: int | None = None
    """Channels of the fusion inside an encoder that shows the decoder the mask of the frame before; None, as in the
    paper, for a decoder that sees the target model's output alone."""
    train_iterations: int = 5
    """Steepest-descent steps on the first frame in training."""
    initial_regularisation: float = 1e-4
    """lambda before training (0.01 squared)."""
    reduction: Literal["mean", "sum"] = "sum"
    """Data term: sum over the memory, or its mean."""
    parametrisation: Literal["exp", "square"] = "square"
    """How lambda is stored: as its logarithm, or as its root."""
    crop_hw: tuple[int, int] = (480, 832)
    """Crop size in pixels; multiples of 32."""

    def __post_init__(self) -> None:
        if any(side <= 0 or side % 32 for side in self.crop_hw):
            raise ValueError(f"crop_hw must be positive multiples of 32, got {self.crop_hw}")
        if self.filter_size % 2 == 0 or self.filter_size < 1:
            raise ValueError(f"filter_size must be odd, got {self.filter_size}")


LITE = LWLConfig(
    backbone="efficientnet_lite0",
    feature_dim=96,
    decoder_widths=(64, 64, 32, 24),
    upsampling="bilinear",
    previous_width=128,
    reduction="mean",
    parametrisation="exp",
    crop_hw=(320, 320),
)
"""The network whose weights ship.

It differs from the paper where that lets it start from box2mask-lite with every tensor: the decoder also sees an
encoding of the last mask, in the place of box2mask's encoding of the box. Short training on synthetic video makes the
target model less sure of itself than the paper's, and the last mask tells it apart from its like.
"""
