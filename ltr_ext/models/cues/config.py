"""The config of a network of cues; the defaults fit the parts of lwl-lite, with which training starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Similarity = Literal["dot", "l2"]
"""`dot`: memory and query have different keys, which are compared by their dot product (STM); `l2`: both have the same
kind of key, compared by the negative squared distance (STCN)."""


@dataclass(frozen=True, kw_only=True)
class CueConfig:
    """Everything that is needed to rebuild a network before its weights are loaded."""

    cues: tuple[str, ...]
    """Names in `CUES`; without any the decoder gets the frame alone."""
    backbone: str = "efficientnet_lite0"
    """`resnet50` or `efficientnet_lite0`."""
    feature_dim: int = 96
    """D, channels of the features that the cues get."""
    filter_size: int = 3
    """K, filter size of the target model; the features are scaled by it, too."""
    encoding_channels: int = 16
    """C, channels of the encoding that each cue computes."""
    encoder_widths: tuple[int, int, int] = (16, 32, 64)
    """Channels inside the mask encoders."""
    cue_width: int = 128
    """Channels of the layer in which a cue of place joins mask and features."""
    dilation: int | None = None
    """Crop pixels by which the last mask is dilated before it is refined; None means that it is not dilated."""
    match_width: int = 48
    """Channels of the layer in which the matching cue joins the values that it read and the features."""
    decoder_widths: tuple[int, int, int, int] = (64, 64, 32, 24)
    """Channels of the decoder at layer4, layer3, layer2, layer1."""
    similarity: Similarity = "dot"
    """How the matching cue compares keys."""
    key_dim: int = 64
    """Channels of its keys."""
    value_dim: int = 32
    """Channels of its values, in addition to the C channels of the mask's encoding."""
    radius: float | None = None
    """Largest distance of positions that it matches, in cells of the feature grid (SSTVOS); None means no limit."""
    top: int | None = None
    """Number of most similar positions that it reads for each position; None means all."""
    memory_frames: int = 8
    """Largest number of remembered frames, including the first and the latest."""
    memory_interval: int = 5
    """One of this many frames is remembered for longer than until the next one."""
    train_iterations: int = 5
    """Steps that fit the target model to the first frame, in training."""
    start_iterations: int = 20
    """The same outside of training."""
    update_iterations: int = 3
    """Steps that fit the target model after each further frame that it remembers."""
    crop_hw: tuple[int, int] = (320, 320)
    """Crop size in pixels; multiples of 32."""

    def __post_init__(self) -> None:
        if any(side <= 0 or side % 32 for side in self.crop_hw):
            raise ValueError(f"crop_hw must be positive multiples of 32, got {self.crop_hw}")
        if self.memory_frames < 2:
            raise ValueError(f"memory_frames must be at least 2, got {self.memory_frames}")
        if len(set(self.cues)) != len(self.cues):
            raise ValueError(f"cues must differ from each other, got {self.cues}")
