"""Cues of place: the mask of the preceding frame, unchanged or moved by the optical flow.

Shapes: see `frame.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from ltr_ext.models.cues.config import CueConfig
from ltr_ext.models.cues.frame import Cue, CueFrame, moved
from ltr_ext.models.encoders import SingleFrameEncoder


class LastMask(NamedTuple):
    """The state of both cues."""

    mask: Tensor
    """[N, 1, H, W]."""
    region: Tensor
    """[N, 4], the region of the mask, see `CueFrame`."""


class Refine(Cue):
    """Encodes the last mask, to refine it (Perazzi et al., "Learning Video Object Segmentation from Static Images")."""

    slot = "place"

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.dilation = config.dilation or 0
        widths = (*config.encoder_widths, config.cue_width)
        self.encoder = SingleFrameEncoder(config.feature_dim, config.encoding_channels, widths)

    def start(self, frame: CueFrame, mask: Tensor) -> LastMask:
        return LastMask(mask.unsqueeze(1), frame.region)

    def read(self, frame: CueFrame, state: LastMask) -> Tensor:
        mask = self.seen(frame, state)
        if self.dilation:
            mask = F.max_pool2d(mask, 2 * self.dilation + 1, stride=1, padding=self.dilation)
        return self.encoder(mask, frame.features)

    def write(self, frame: CueFrame, mask: Tensor, state: LastMask) -> LastMask:
        return self.start(frame, mask)

    def seen(self, frame: CueFrame, state: LastMask) -> Tensor:
        """The last mask [N, 1, H, W] in the crops of this frame."""
        return moved(state.mask, state.region, frame.region)


class Warp(Refine):
    """Moves each pixel of the last mask by the optical flow before it is encoded (Hu et al., "MaskRNN", NIPS 2017)."""

    def seen(self, frame: CueFrame, state: LastMask) -> Tensor:
        if frame.flow is None:
            raise ValueError("the cue warp needs the optical flow of the frame")
        return moved(state.mask, state.region, frame.region, frame.flow)
