"""The cue that compares every place of a frame with every place of remembered frames.

Seoung Wug Oh et al., "Video Object Segmentation using Space-Time Memory Networks" (STM), ICCV 2019; Ho Kei Cheng et
al., "Rethinking Space-Time Networks with Improved Memory Coverage" (STCN), NeurIPS 2021; Brendan Duke et al., "SSTVOS",
CVPR 2021 (attention within reach).

Shapes: see `frame.py`; T remembered frames, P = h w places, K channels of keys, V of values.
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
    """State: what is remembered of each frame, the first one first."""

    keys: tuple[Tensor, ...]
    """[N, K, P] each."""
    values: tuple[Tensor, ...]
    """[N, C + V, P] each."""
    places: tuple[Tensor, ...]
    """[N, P, 2] each, in shares of the picture."""
    age: int = 0
    """Frames written since the first."""

    def __len__(self) -> int:
        return len(self.keys)

    def join(self, other: Memory) -> Memory:
        """This and then the other, as old as the other."""
        return Memory(
            self.keys + other.keys, self.values + other.values, self.places + other.places, other.age
        )  # fmt: skip

    def without(self, place: int) -> Memory:
        """All frames but one."""

        def rest(parts: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return parts[:place] + parts[place + 1 :]

        return replace(self, keys=rest(self.keys), values=rest(self.values), places=rest(self.places))


class Match(Cue):
    """Reads, for each place, the values of the places that look like it; the values say where the object was."""

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
        """The latest frame gives way to the next, unless it is one of those that are kept for longer."""
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
        """[N, D, h, w] -> float32 [N, K, P]."""
        return projection(features * self.feature_scale).flatten(2).float()

    def _affinity(self, memory: Tensor, query: Tensor) -> Tensor:
        """[N, K, T P], [N, K, P] -> [N, T P, P]."""
        scale = 1 / math.sqrt(query.shape[1])
        products = memory.transpose(1, 2) @ query
        if self.config.similarity == "dot":
            return products * scale
        # the square of the query's own length is the same for all it is compared with
        return (2 * products - memory.square().sum(1).unsqueeze(2)) * scale

    def _within_reach(self, affinity: Tensor, memory: Tensor, frame: CueFrame) -> Tensor:
        """Leave out what lies farther away than `radius` cells of the frame's grid, each axis by itself."""
        grid = frame.features.shape[-2:]
        query = cell_places(frame.region, (grid[0], grid[1]))
        cell = frame.region[:, 2:] / frame.region.new_tensor([grid[1], grid[0]])
        beside = ((memory[:, :, None] - query[:, None]) / cell[:, None, None]).abs().amax(dim=-1)
        assert self.config.radius is not None
        # a place with nothing in reach looks at what is nearest
        least = beside.amin(dim=1, keepdim=True).clamp_min(self.config.radius)
        return affinity.masked_fill(beside > least, -torch.inf)


def _key_projection(dim: int, key_dim: int) -> nn.Conv2d:
    """3x3 convolution that begins as an orthogonal projection of each place."""
    layer = conv(dim, key_dim, 3)
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        layer.weight[:, :, 1, 1] = nn.init.orthogonal_(torch.empty(key_dim, dim))
    return layer
