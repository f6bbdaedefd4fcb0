"""The config of an LWL network; the defaults are those of Bhat et al., ECCV 2020."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LWLConfig:
    """Everything that is needed to build a network, into which weights can then be loaded."""

    backbone: str = "resnet50"
    """`resnet50` or `efficientnet_lite0`."""
    feature_dim: int = 512
    """D, the number of channels of the target features."""
    encoding_channels: int = 16
    """C, the number of channels of the few-shot labels and of their weights."""
    filter_size: int = 3
    """K, the filter size of the target model."""
    encoder_widths: tuple[int, int, int] = (16, 32, 64)
    """Channels inside the label encoder."""
    block_bias: bool = True
    """Whether the convolutions inside the encoders' residual blocks have a bias; False for upstream's weight file, and
    for networks that are to be exported to its format."""
    decoder_widths: tuple[int, int, int, int] = (256, 128, 128, 64)
    """Channels of the decoder at layer4, layer3, layer2 and layer1."""
    upsampling: Literal["bicubic", "bilinear"] = "bicubic"
    """Interpolation of the decoder's last two steps; with "bilinear", logits are computed at half resolution."""
    detail: bool = False
    """Whether the decoder's last steps use the backbone's stem (stride 2) to correct each pixel."""
    previous_width: int | None = None
    """Channels of the last block of an encoder of the preceding frame's mask, which is an extra input of the decoder.
    None, as in the paper, for a decoder whose only encoding is the target model's output."""
    train_iterations: int = 5
    """Number of steepest-descent steps on the first frame in training."""
    initial_regularisation: float = 1e-4
    """lambda before training (0.01 squared)."""
    reduction: Literal["mean", "sum"] = "sum"
    """Data term: the sum over the memory, or the mean."""
    parametrisation: Literal["exp", "square"] = "square"
    """How lambda is stored: as its logarithm ("exp") or as its square root ("square")."""
    crop_hw: tuple[int, int] = (480, 832)
    """(height, width) of the crop in pixels; multiples of 32."""

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
"""The network whose weights are in the repository.

It differs from the paper so that it can be initialised with all tensors of box2mask-lite: its decoder also takes an
encoding of the preceding mask, in the place of box2mask's encoding of the box. Short training on synthetic video makes
the target model less certain than the paper's, and the preceding mask tells the object from similar ones.
"""
