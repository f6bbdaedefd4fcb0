"""A tiny random network and clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ltr_ext.models.box2mask import Box2MaskConfig, Box2MaskNet
from ltr_ext.weights import save_network


@pytest.fixture(scope="session")
def clip() -> tuple[np.ndarray, np.ndarray]:
    """13 noisy frames [13, 60, 80, 3] and a box wandering over them [13, 4]."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (13, 60, 80, 3), dtype=np.uint8)
    steps = np.arange(13)
    boxes = np.stack([10.5 + steps, 8 + 0.5 * steps, np.full(13, 20.0), np.full(13, 16.0)], axis=1)
    return frames, boxes


@pytest.fixture(scope="session")
def tiny_net(clip) -> Box2MaskNet:
    """Random weights, of a draw whose logits have mean 0 and spread 3: masks of the clip are neither empty nor full."""
    config = Box2MaskConfig(
        backbone="efficientnet_lite0",
        feature_dim=8,
        encoding_channels=4,
        encoder_widths=(4, 4, 8, 8),
        decoder_widths=(8, 8, 8, 8),
        upsampling="bilinear",
        crop_hw=(64, 64),
        inference_scale=2.0,
        inference_iterations=3,
    )
    torch.manual_seed(2)
    net = Box2MaskNet(config).eval().requires_grad_(False)
    images = torch.from_numpy(clip[0][:2, :, :64]).permute(0, 3, 1, 2).float()
    images = torch.nn.functional.interpolate(images, (64, 64))[:, None]
    logits = net(images, torch.tensor([[[16.0, 16, 32, 32]]] * 2)).final
    net.decoder.logit.weight.mul_(3 / logits.std())
    net.decoder.logit.bias.sub_(logits.mean()).mul_(3 / logits.std())
    return net


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory, tiny_net) -> Path:
    """The tiny network as a file."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_network(tiny_net, path, half=False)
    return path
