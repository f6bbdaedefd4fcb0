"""Networks of cues that are tiny enough for tests, and the file that has their backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ltr_ext.models.cues import CueConfig, CueNet
from ltr_ext.models.lwl import LWLConfig, LWLNet
from ltr_ext.weights import SHARED_BACKBONE, save_network

SHAPE: dict[str, Any] = {
    "feature_dim": 8, "encoder_widths": (4, 4, 8), "decoder_widths": (8, 8, 8, 8), "crop_hw": (64, 64),
}  # fmt: skip
TINY_LWL = LWLConfig(
    backbone="efficientnet_lite0", upsampling="bilinear", previous_width=8, reduction="mean", parametrisation="exp",
    **SHAPE,
)  # fmt: skip


def tiny_config(*cues: str, **changes: Any) -> CueConfig:
    """A tiny network of these cues."""
    return CueConfig(cues=cues, **{**SHAPE, "cue_width": 8, "match_width": 8, "key_dim": 8, "value_dim": 4, **changes})


def tiny_cues(*cues: str, seed: int = 0, **changes: Any) -> CueNet:
    """The same with random weights, in eval mode; the backbone is that of `write_backbone`."""
    torch.manual_seed(seed)
    net = CueNet(tiny_config(*cues, **changes))
    net.backbone.fold_batch_norm()
    net.backbone.load_state_dict(tiny_lwl().backbone.state_dict())
    return net.eval()


def tiny_lwl() -> LWLNet:
    """A tiny LWL network with random weights, such as half precision can hold."""
    torch.manual_seed(1)
    net = LWLNet(TINY_LWL)
    net.backbone.fold_batch_norm()
    return net.half().float().eval()


def write_backbone(folder: Path) -> Path:
    """The file that networks of cues have their backbone from."""
    path = folder / SHARED_BACKBONE
    save_network(tiny_lwl(), path)
    return path
