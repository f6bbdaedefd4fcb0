"""Networks whose masks are known."""

from __future__ import annotations

from pathlib import Path

import torch

from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.weights import save_network


def write_box_filler(path: Path) -> Path:
    """Weight file of a tiny network whose masks fill their boxes."""
    config = Box2MaskConfig(
        backbone="efficientnet_lite0", feature_dim=8, encoding_channels=4, encoder_widths=(4, 4, 8, 8),
        decoder_widths=(8, 8, 8, 8), upsampling="bilinear", crop_hw=(64, 64), inference_scale=2.0,
    )  # fmt: skip
    torch.manual_seed(0)
    net = Box2MaskNet(config)
    torch.nn.init.zeros_(net.decoder.logit.weight)
    torch.nn.init.ones_(net.decoder.logit.bias)
    save_network(net, path)
    return path
