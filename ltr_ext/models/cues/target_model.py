"""LWL's target model as a cue: a filter that is fitted to the remembered frames (Bhat et al., ECCV 2020).

Shapes: see `frame.py`; T remembered frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ltr_ext.models.aggregation import Aggregation, apply_filter
from ltr_ext.models.cues.config import CueConfig
from ltr_ext.models.cues.frame import Cue, CueFrame
from ltr_ext.models.encoders import MaskEncoder

RATE = 0.1
"""r: a sample has 1 / (1 - r) times the weight of the previous one."""
FIRST_SHARE = 0.25
"""Smallest share of the first frame in the weights of all samples."""


@dataclass(frozen=True)
class Fitted:
    """The state of the cue: the samples, beginning with the first frame, and the filter that is fitted to them."""

    samples: tuple[tuple[Tensor, Tensor, Tensor], ...]
    """Features [N, D, h, w], labels [N, C, h, w] and their weights [N, C, h, w] of each frame."""
    filters: Tensor
    """[N, C, D, K, K]."""


class TargetModel(Cue):
    """Fits a filter to the remembered frames by steepest descent, again after each new one."""

    slot = "look"

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.config = config
        self.label_encoder = MaskEncoder(config.encoding_channels, config.encoder_widths)
        self.aggregation = Aggregation(config.filter_size)

    def start(self, frame: CueFrame, mask: Tensor) -> Fitted:
        samples = (self._sample(frame, mask),)
        iterations = self.config.train_iterations if self.training else self.config.start_iterations
        return Fitted(samples, self._fit(samples, iterations, None))

    def write(self, frame: CueFrame, mask: Tensor, state: Fitted) -> Fitted:
        samples = state.samples
        if len(samples) == self.config.memory_frames:
            samples = samples[:1] + samples[2:]
        samples = (*samples, self._sample(frame, mask))
        return replace(state, samples=samples, filters=self._fit(samples, self.config.update_iterations, state.filters))

    def read(self, frame: CueFrame, state: Fitted) -> Tensor:
        with torch.autocast(frame.features.device.type, enabled=False):
            return apply_filter(frame.features.float().unsqueeze(0), state.filters)[0]

    def _sample(self, frame: CueFrame, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        encoding = self.label_encoder(mask.unsqueeze(1), frame.features.shape[-2:])
        return frame.features.float(), encoding.target.float(), encoding.weight.float()

    def _fit(
        self, samples: tuple[tuple[Tensor, Tensor, Tensor], ...], iterations: int, initial: Tensor | None
    ) -> Tensor:
        features, target, weight = (torch.stack(parts) for parts in zip(*samples, strict=True))
        shares = sample_shares(len(samples)).to(weight)
        # The learner squares its weights and divides by T.
        weight = weight * (shares * len(samples)).sqrt().view(-1, 1, 1, 1, 1)
        return self.aggregation(features, target, weight, iterations, initial).filter


def sample_shares(count: int) -> Tensor:
    """The weights [count] of the samples, whose sum is 1: newer ones weigh more, the first at least its share."""
    if count == 1:
        return torch.ones(1)
    later = (1 - RATE) ** -torch.arange(count - 1.0) * RATE
    shares = torch.cat((torch.tensor([1 - RATE]), later))
    shares = shares / shares.sum()
    if shares[0] < FIRST_SHARE:
        shares = torch.cat((torch.tensor([FIRST_SHARE]), later / later.sum() * (1 - FIRST_SHARE)))
    return shares
