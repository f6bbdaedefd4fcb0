"""Shape of a network of cues; the defaults fit the parts of lwl-lite, which training starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Similarity = Literal["dot", "l2"]
"""`dot`: memory and query have keys of their own, compared by dot product (STM); `l2`: one kind of key, compared by the
negative squared distance (STCN)."""


@dataclass(frozen=True, kw_only=True)
class CueConfig:
    """Everything needed to rebuild a network before its weights are loaded."""

    cues: tuple[str, ...]
    """Names in `CUES`; none: the decoder sees the frame alone."""
    backbone: str = "efficientnet_lite0"
    """`resnet50` or `efficientnet_lite0`."""
    feature_dim: int = 96
    """D, channels of the features that cues look at."""
    filter_size: int = 3
    """K of the target model; also scales the features."""
    encoding_channels: int = 16
    """C, channels that each cue gives."""
    encoder_widths: tuple[int, int, int] = (16, 32, 64)
    """Channels inside the mask encoders."""
    cue_width: int = 128
    """Channels where a place cue joins mask and features."""
    dilation: int | None = None
    """Crop pixels by which the last mask is widened all round before it is refined; None: it is not."""
    match_width: int = 48
    """Channels where a matching cue joins what it has read and the features."""
    decoder_widths: tuple[int, int, int, int] = (64, 64, 32, 24)
    """Channels of the decoder at layer4, layer3, layer2, layer1."""
    similarity: Similarity = "dot"
    """How a matching cue compares."""
    key_dim: int = 64
    """Channels of its keys."""
    value_dim: int = 32
    """Channels of its values, beside the C of the mask's encoding."""
    radius: float | None = None
    """Farthest that it looks, in cells of the grid (SSTVOS); None: anywhere."""
    top: int | None = None
    """How many of the most similar places count for each place; None: all."""
    memory_frames: int = 8
    """Frames remembered, the first and the latest among them."""
    memory_interval: int = 5
    """Every so many frames one is remembered for longer; the latest always is."""
    train_iterations: int = 5
    """Steps of the target model on the first frame, in training."""
    start_iterations: int = 20
    """The same in use."""
    update_iterations: int = 3
    """Steps after each frame that it remembers."""
    crop_hw: tuple[int, int] = (320, 320)
    """Crop size in pixels; multiples of 32."""

    def __post_init__(self) -> None:
        if any(side <= 0 or side % 32 for side in self.crop_hw):
            raise ValueError(f"crop_hw must be positive multiples of 32, got {self.crop_hw}")
        if self.memory_frames < 2:
            raise ValueError(f"memory_frames must be at least 2, got {self.memory_frames}")
        if len(set(self.cues)) != len(self.cues):
            raise ValueError(f"cues must differ from each other, got {self.cues}")
