"""pytracking's networks and ours, with equal random weights; pytracking is imported from a checkout, not copied."""

from __future__ import annotations

import functools
import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.bench.measure import Skipped
from ltr_ext import host
from ltr_ext.weights import Network, load_network

CROP_HW = (480, 832)
MEAN_BGR = torch.tensor([102.9801, 115.9465, 122.7717]).view(3, 1, 1)
SHARED: dict[str, Any] = {
    "filter_size": 3, "num_filters": 16, "optim_iter": 5, "backbone_pretrained": False, "out_feature_dim": 512,
    "frozen_backbone_layers": ["conv1", "bn1", "layer1"], "use_bn_in_label_enc": False, "clf_feat_blocks": 0,
    "final_conv": True, "backbone_type": "mrcnn",
}  # fmt: skip
"""The arguments with which both networks are built, as in pytracking's train settings."""
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "box2mask": ("sta_net", {"label_encoder_dims": (16, 32, 64, 128)}),
    "lwl": ("lwl_net", {"label_encoder_dims": (16, 32, 64)}),
}


def choose_host() -> host.Host:
    """Choose pytracking if `PYTRACKING_HOME` names it, otherwise as `host.resolve` does."""
    return host.resolve("upstream" if os.environ.get(host.HOME_VARIABLE) else "auto")


def require_upstream() -> None:
    """Raise `Skipped` if the host is minihost."""
    if choose_host().name != "upstream":
        raise Skipped(f"needs pytracking: {host.HOME_VARIABLE}=FOLDER")


@functools.cache
def weight_file(kind: str) -> Path:
    """A temporary weight file of one of the `NETWORKS` in pytracking's format, with random weights."""
    require_upstream()
    torch.manual_seed(0)
    module, arguments = NETWORKS[kind]
    net = importlib.import_module(f"ltr.models.lwl.{module}").steepest_descent_resnet50(**SHARED, **arguments)
    path = Path(_folder().name) / f"{kind}.pth"
    torch.save({"net": net.state_dict(), "constructor": net.constructor, "net_type": type(net).__name__}, path)
    return path


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="box2mask-bench-")


@functools.cache
def networks(kind: str) -> tuple[Network, nn.Module]:
    """Our network and pytracking's with the same weights, in evaluation mode."""
    path = weight_file(kind)
    content = torch.load(path, weights_only=False)
    theirs = content["constructor"].get()
    theirs.load_state_dict(content["net"])
    theirs.eval()
    return load_network(path), theirs


def window(num_frames: int, crop_hw: tuple[int, int] = CROP_HW) -> tuple[Tensor, Tensor]:
    """Images [T, 1, 3, H, W] RGB 0-255 of coarse noise, and boxes [T, 1, 4] (x, y, w, h) in their middle."""
    generator = torch.Generator().manual_seed(num_frames)
    height, width = crop_hw
    coarse = torch.rand(num_frames, 3, height // 16, width // 16, generator=generator)
    images = 255 * nn.functional.interpolate(coarse, crop_hw, mode="bilinear")
    box = torch.tensor([width * 3 // 8, height * 3 // 8, width // 4, height // 4], dtype=torch.float32)
    return images[:, None], box.expand(num_frames, 1, 4).contiguous()


def to_upstream(images: Tensor) -> Tensor:
    """Convert RGB 0-255 to BGR minus the mean."""
    return images.flip(-3) - MEAN_BGR
