"""STCN (Cheng et al., NeurIPS 2021) from the package stcnbuf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracker_ext.adapters.packages import Origin, fill, read_state, replaced, require, untrained
from tracker_ext.adapters.whole_frame import Engine, Entering, labels_of, shrunk

SHORT_SIDE = 480
MEMORY_EVERY = 5
MEMORY_SIZE = 64
"""Frames; beyond them the package overwrites at random."""
TOP_K = 20
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load_stcn(origin: Origin, weights: Path, device: str) -> Callable[[], Engine]:
    """Load the network.

    Args:
        origin: for messages.
        weights: the authors' `stcn.pth`.
        device: where to put it.

    Raises:
        UserError: the package is not there, or the weights are of another network.
    """
    network, modules, resnet, bank, torchvision = require(
        origin,
        "stcnbuf.model.eval_network",
        "stcnbuf.model.modules",
        "stcnbuf.model.mod_resnet",
        "stcnbuf.inference_memory_bank",
        "torchvision.models",
    )
    assert modules.models is torchvision, "that is where it gets its ResNet-50"
    with (
        replaced(torchvision, "resnet50", untrained(torchvision.resnet50)),
        replaced(resnet, "resnet18", untrained(resnet.resnet18)),
    ):
        net = network.STCN()
    fill(net, read_state(weights), weights)
    net = net.to(device).eval()
    return lambda: StcnEngine(net, network, bank.MemoryBank, device)


@dataclass
class Group:
    """Objects that entered on the same frame."""

    bank: Any
    """Keys and values of that frame on."""
    count: int


class StcnEngine:
    """Keys of frames, shared by all objects, and values of each."""

    def __init__(self, net: Any, functions: Any, bank: Any, device: str) -> None:
        self._net, self._functions, self._bank, self._device = net, functions, bank, device
        self._groups: list[Group] = []
        self._frame = -1

    def step(self, image: np.ndarray, entering: Mapping[int, Entering]) -> Tensor:
        """See `Engine`."""
        self._frame += 1
        small = shrunk(image, SHORT_SIDE)
        labels = torch.from_numpy(labels_of(entering, small.shape[:2])).to(self._device)
        picture = torch.from_numpy(small).to(self._device).permute(2, 0, 1).float() / 255
        picture = (picture - picture.new_tensor(MEAN)[:, None, None]) / picture.new_tensor(DEVIATION)[:, None, None]
        frame, pad = self._functions.pad_divide_by(picture[None], 16)
        key, thin, f16, f8, f4 = self._net.encode_key(frame)
        known = [
            self._net.segment_with_query(group.bank.match_memory(key), f8, f4, key, thin)[:, 0]
            for group in self._groups
        ]
        fresh = torch.stack([labels == number for number in entering]).float() if entering else labels.new_zeros(0)
        if entering:
            fresh, _ = self._functions.pad_divide_by(fresh, 16)
            known = [masks * (1 - fresh.amax(dim=0)) for masks in known]
        objects = torch.cat([*known, *([fresh] if entering else [])])
        scores = self._functions.aggregate(objects[:, None])
        if entering:
            bank = self._bank(k=len(entering), top_k=TOP_K, memory_size=MEMORY_SIZE)
            self._groups.append(Group(bank, len(entering)))
        if entering or self._frame % MEMORY_EVERY == 0:
            self._remember(frame, key, f16, scores[1:])
        return self._functions.unpad(scores, pad)[:, 0]

    def _remember(self, frame: Tensor, key: Tensor, f16: Tensor, masks: Tensor) -> None:
        """Store the frame's key with the value of every object, each with the group that it came with.

        Args:
            frame: [1, 3, H, W].
            key: [1, K, h, w].
            f16: [1, C, h, w].
            masks: [O, 1, H, W] probabilities.
        """
        values = self._net.encode_value(frame, f16, masks)[:, 0]
        for group, part in zip(self._groups, values.split([group.count for group in self._groups]), strict=True):
            group.bank.add_memory(key[0], part)
