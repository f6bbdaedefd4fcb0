"""The config of a box2mask network; the defaults are the paper's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

VARIANTS = ("single_image", "multi_frame", "multi_frame_plus", "iterative")
"""The rows of the paper's table 2: only m_t; only s_t; both; both with refinement."""


@dataclass(frozen=True, kw_only=True)
class Box2MaskConfig:
    """Everything that is needed to build a network, into which weights can then be loaded."""

    backbone: str = "resnet50"
    """`resnet50` or `efficientnet_lite0`."""
    variant: str = "iterative"
    """One of `VARIANTS`."""
    feature_dim: int = 512
    """D, the number of channels of the target features x_t."""
    encoding_channels: int = 16
    """C, the number of channels of e_t, w_t, m_t and s_t."""
    filter_size: int = 3
    """K, the size of the filter z."""
    encoder_widths: tuple[int, int, int, int] = (16, 32, 64, 128)
    """Channels inside the object encoders (appendix B)."""
    block_bias: bool = True
    """Whether the convolutions inside the encoders' residual blocks have a bias; False for upstream's weight file, and
    for networks that are to be exported to its format."""
    decoder_widths: tuple[int, int, int, int] = (256, 128, 128, 64)
    """Channels of the decoder at layer4, layer3, layer2 and layer1."""
    upsampling: Literal["bicubic", "bilinear"] = "bicubic"
    """Interpolation of the decoder's last two steps; with "bilinear", logits are computed at half resolution."""
    detail: bool = False
    """Whether the decoder's last steps use the backbone's stem (stride 2) to correct each pixel."""
    train_iterations: int = 5
    """Number of steepest-descent steps in training (section 3.5)."""
    inference_iterations: int = 15
    """Number of steepest-descent steps in inference (section 3.5)."""
    initial_regularisation: float = 1e-4
    """lambda before training."""
    single_dropout: float = 0.0
    """Share of the training sequences whose m_t is set to zero, so that the mask must come from s_t alone."""
    reduction: Literal["mean", "sum"] = "mean"
    """Data term of eq. 2b: the mean over frames; "sum" for upstream's weight file."""
    parametrisation: Literal["exp", "square"] = "exp"
    """How the positive lambda is stored; "square" for upstream's weight file."""
    box_edges: Literal["covered", "whole_pixels"] = "covered"
    """How pixels on a box's border are rasterised: by the share that the box covers, or, for upstream's weight file,
    after truncating the box to whole pixels. For boxes of whole pixels the two are the same."""
    crop_hw: tuple[int, int] = (480, 832)
    """(height, width) of the crop in pixels; multiples of 32."""
    inference_scale: float = 4.0
    """Side of the inference crop as a multiple of the box's side (section 3.5, table 9)."""
    max_zoom: float | None = None
    """Largest magnification of an inference crop: small boxes get more surroundings instead, up to `widest_scale`. None
    means no limit."""
    widest_scale: float = 4.0
    """Largest side of such a crop, as a multiple of the box's side."""

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise ValueError(f"variant {self.variant!r} is unknown; known: {', '.join(VARIANTS)}")
        if any(side <= 0 or side % 32 for side in self.crop_hw):
            raise ValueError(f"crop_hw must be positive multiples of 32, got {self.crop_hw}")
        if not 0 <= self.single_dropout < 1:
            raise ValueError(f"single_dropout must be at least 0 and below 1, got {self.single_dropout}")
        if self.filter_size % 2 == 0 or self.filter_size < 1:
            raise ValueError(f"filter_size must be odd, got {self.filter_size}")

    def scale_of(self, width: float, height: float) -> float:
        """The side of a box's inference crop as a multiple of the box; width and height in image pixels, positive."""
        if self.max_zoom is None:
            return self.inference_scale
        smallest_side = math.sqrt(self.crop_hw[0] * self.crop_hw[1]) / self.max_zoom
        return max(self.inference_scale, min(smallest_side / math.sqrt(width * height), self.widest_scale))

    @property
    def uses_single_frame(self) -> bool:
        """Whether the decoder uses m_t."""
        return self.variant != "multi_frame"

    @property
    def uses_aggregation(self) -> bool:
        """Whether the decoder uses s_t."""
        return self.variant != "single_image"

    @property
    def refines(self) -> bool:
        """Whether a second pass follows (section 3.3)."""
        return self.variant == "iterative"


LITE = Box2MaskConfig(
    backbone="efficientnet_lite0",
    feature_dim=96,
    decoder_widths=(64, 64, 32, 24),
    upsampling="bilinear",
    single_dropout=0.25,
    crop_hw=(320, 320),
    inference_scale=1.5,
    max_zoom=3.2,
    widest_scale=2.5,
)
"""The network whose weights are in the repository; its square crop and narrow decoder suit two CPU cores."""
