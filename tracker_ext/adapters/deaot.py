"""DeAOT (Yang and Yang, NeurIPS 2022) from the package deaotpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tracker_ext.adapters.packages import Origin, fill, read_state, require
from tracker_ext.adapters.whole_frame import Engine, Entering, labels_of, shrunk

SHORT_SIDE = 480
STRIDE = 16
LONG_TERM_EVERY = 5
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load_deaot(origin: Origin, weights: Path, device: str, model: str = "r50_deaotl") -> Callable[[], Engine]:
    """Load the network.

    Args:
        origin: for messages.
        weights: the authors' file.
        device: where to put it.
        model: a module of the package's `aot.configs.models`.

    Raises:
        UserError: the package is not there, or the weights are of another network.
    """
    defaults, models, engines = require(origin, "aot.configs.default", "aot.networks.models", "aot.networks.engines")
    config = defaults.DefaultEngineConfig("default", model)
    net = models.build_vos_model(config.MODEL_VOS, config)
    fill(net, read_state(weights, "state_dict"), weights)
    net = net.to(device).eval()

    def engine() -> Engine:
        made = engines.build_engine(
            config.MODEL_ENGINE,
            phase="eval",
            aot_model=net,
            gpu_id=0,
            long_term_mem_gap=LONG_TERM_EVERY,
            short_term_mem_skip=1,
        )
        return DeAotEngine(made.eval(), device)

    return engine


class DeAotEngine:
    """Its engine: all objects in one pass, ten at a time."""

    def __init__(self, engine: Any, device: str) -> None:
        self._engine, self._device = engine, device
        self._count, self._frame = 0, -1

    def step(self, image: np.ndarray, entering: Mapping[int, Entering]) -> Tensor:
        """See `Engine`."""
        self._frame += 1
        picture = self._picture(image)
        size = (picture.shape[2], picture.shape[3])
        known = self._count
        if known:
            self._engine.match_propogate_one_frame(picture)
            scores = self._engine.decode_current_logits(size)
            labels = scores[:, : known + 1].argmax(dim=1, keepdim=True).float()
        else:
            labels = torch.zeros((1, 1, *size), device=self._device)
        if entering:
            fresh = torch.from_numpy(labels_of(entering, size)).to(self._device).float()[None, None]
            labels = torch.where(fresh > 0, fresh, labels)
            self._count += len(entering)
            self._engine.add_reference_frame(picture, labels, obj_nums=[self._count], frame_step=self._frame)
            if known:  # as its evaluation does where objects enter later
                self._engine.decode_current_logits(size)
                self._engine.update_memory(labels)
            return torch.nn.functional.one_hot(labels[0, 0].long(), self._count + 1).permute(2, 0, 1).float()
        self._engine.update_memory(labels)
        return torch.softmax(scores[0, : known + 1], dim=0)

    def _picture(self, image: np.ndarray) -> Tensor:
        """[1, 3, h, w], sides of 16 n + 1 pixels as the network was trained with (its corners are aligned)."""
        small = shrunk(image, SHORT_SIDE)
        picture = torch.from_numpy(small).to(self._device).permute(2, 0, 1)[None].float() / 255
        sides = [max(STRIDE, round((side - 1) / STRIDE) * STRIDE) + 1 for side in small.shape[:2]]
        picture = torch.nn.functional.interpolate(picture, sides, mode="bilinear", align_corners=True)
        return (picture - picture.new_tensor(MEAN)[:, None, None]) / picture.new_tensor(DEVIATION)[:, None, None]
