"""The cue that compares every position of a frame with every position of the remembered frames.

Seoung Wug Oh et al., "Video Object Segmentation using Space-Time Memory Networks" (STM), ICCV 2019; Ho Kei Cheng et
al., "Rethinking Space-Time Networks with Improved Memory Coverage" (STCN), NeurIPS 2021; Brendan Duke et al., "SSTVOS",
CVPR 2021 (local attention).

Shapes: see `frame.py`; T remembered frames, P = h w positions, K channels of keys, V channels of values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ltr_ext.models.cues.config import CueConfig
from ltr_ext.models.cues.frame import Cue, CueFrame, cell_places
from ltr_ext.models.encoders import MaskEncoder
from ltr_ext.models.fused import convolve
from ltr_ext.models.layers import ResidualBlock, conv, he_initialise, resize


@dataclass(frozen=True)
class Memory:
    """The state of the cue: the remembered frames, beginning with the first frame of the object."""

    keys: tuple[Tensor, ...]
    """[N, K, P] for each frame."""
    values: tuple[Tensor, ...]
    """[N, C + V, P] for each frame."""
    places: tuple[Tensor, ...]
    """[N, P, 2] (x, y) for each frame, as fractions of the image's sides."""
    age: int = 0
    """Number of frames that were written after the first."""

    def __len__(self) -> int:
        return len(self.keys)

    def join(self, other: Memory) -> Memory:
        """The frames of both, this one's first, with the age of the other."""
        return Memory(
            self.keys + other.keys, self.values + other.values, self.places + other.places, other.age
        )  # fmt: skip

    def without(self, place: int) -> Memory:
        """A copy without the frame of this index."""

        def rest(parts: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return parts[:place] + parts[place + 1 :]

        return replace(self, keys=rest(self.keys), values=rest(self.values), places=rest(self.places))


class Match(Cue):
    """Reads, for each position, the values of similar positions, which encode where the object was."""

    slot = "look"

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.config = config
        channels, dim = config.encoding_channels, config.feature_dim
        self.query_key = _key_projection(dim, config.key_dim)
        self.memory_key = _key_projection(dim, config.key_dim) if config.similarity == "dot" else None
        if self.memory_key is not None:
            self.memory_key.load_state_dict(self.query_key.state_dict())
        self.label_encoder = MaskEncoder(channels, config.encoder_widths)
        self.value = conv(config.encoder_widths[-1] + dim, config.value_dim, 3)
        self.block = ResidualBlock(channels + config.value_dim + dim, config.match_width)
        self.head = conv(config.match_width, channels, 3)
        for part in (self.value, self.block):
            he_initialise(part)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        self.feature_scale = math.sqrt(dim) * config.filter_size  # makes the features' mean square 1

    def start(self, frame: CueFrame, mask: Tensor) -> Memory:
        grid = (frame.features.shape[-2], frame.features.shape[-1])
        shape = self.label_encoder.stem(mask.unsqueeze(1))
        label = resize(self.label_encoder.heads(shape).target, grid)
        value = convolve(self.value, torch.cat((resize(shape, grid), frame.features), dim=1), "relu")
        keys = self._keys(self.query_key if self.memory_key is None else self.memory_key, frame.features)
        values = torch.cat((label, value), dim=1).flatten(2).float()
        return Memory((keys,), (values,), (cell_places(frame.region, grid),))

    def write(self, frame: CueFrame, mask: Tensor, state: Memory) -> Memory:
        """Replace the latest frame by this one, unless the latest one is to be remembered for longer."""
        if state.age % self.config.memory_interval:
            state = state.without(len(state) - 1)
        elif len(state) == self.config.memory_frames:
            state = state.without(1)
        return state.join(replace(self.start(frame, mask), age=state.age + 1))

    def read(self, frame: CueFrame, state: Memory) -> Tensor:
        query = self._keys(self.query_key, frame.features)
        with torch.autocast(query.device.type, enabled=False):
            affinity = self._affinity(torch.cat(state.keys, dim=2), query)
            if self.config.radius is not None:
                affinity = self._within_reach(affinity, torch.cat(state.places, dim=1), frame)
            if self.config.top is not None and self.config.top < affinity.shape[1]:
                least = affinity.topk(self.config.top, dim=1).values[:, -1:]
                affinity = affinity.masked_fill(affinity < least, -torch.inf)
            found = torch.cat(state.values, dim=2) @ affinity.softmax(dim=1)
        found = found.unflatten(2, frame.features.shape[-2:])
        channels = self.config.encoding_channels
        correction = convolve(self.head, self.block(torch.cat((found, frame.features), dim=1)))
        return F.relu(found[:, :channels] + correction)

    def _keys(self, projection: nn.Module, features: Tensor) -> Tensor:
        """The keys [N, K, P] float32 of features [N, D, h, w]."""
        return projection(features * self.feature_scale).flatten(2).float()

    def _affinity(self, memory: Tensor, query: Tensor) -> Tensor:
        """The similarities [N, T P, P] of remembered keys [N, K, T P] and keys [N, K, P] of the frame."""
        scale = 1 / math.sqrt(query.shape[1])
        products = memory.transpose(1, 2) @ query
        if self.config.similarity == "dot":
            return products * scale
        # The squared norm of the query is left out: it is the same for all positions that it is compared with.
        return (2 * products - memory.square().sum(1).unsqueeze(2)) * scale

    def _within_reach(self, affinity: Tensor, memory: Tensor, frame: CueFrame) -> Tensor:
        """Exclude positions that are more than `radius` cells of the frame's grid away on one of the axes."""
        grid = frame.features.shape[-2:]
        query = cell_places(frame.region, (grid[0], grid[1]))
        cell = frame.region[:, 2:] / frame.region.new_tensor([grid[1], grid[0]])
        beside = ((memory[:, :, None] - query[:, None]) / cell[:, None, None]).abs().amax(dim=-1)
        assert self.config.radius is not None
        # A position that has none within the radius reads the nearest ones.
        least = beside.amin(dim=1, keepdim=True).clamp_min(self.config.radius)
        return affinity.masked_fill(beside > least, -torch.inf)


def _key_projection(dim: int, key_dim: int) -> nn.Conv2d:
    """Build a 3x3 convolution whose initial weights project each position orthogonally."""
    layer = conv(dim, key_dim, 3)
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        layer.weight[:, :, 1, 1] = nn.init.orthogonal_(torch.empty(key_dim, dim))
    return layer
