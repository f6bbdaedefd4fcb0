"""box2mask with ResNet-50 at 832 x 480: a window, a training step and a clip."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.bench.measure import Pair, Row, Skipped
from benchmarks.bench.upstream import CROP_HW, networks, to_upstream, window
from ltr_ext.device import autocast, has_fast_bfloat16
from ltr_ext.losses.masks import lovasz_loss
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate

CLIP_LENGTH = 10
CPU = torch.device("cpu")


def _need_bfloat16(bfloat16: bool) -> None:
    if bfloat16 and not has_fast_bfloat16(CPU):
        raise Skipped("this processor has no native bfloat16")


def _forward(bfloat16: bool) -> Pair:
    _need_bfloat16(bfloat16)
    (ours, theirs), (images, boxes) = networks("box2mask"), window(3)
    inputs = to_upstream(images).contiguous()

    def of_ours() -> Any:
        with torch.inference_mode(), autocast(CPU, bfloat16):
            return ours(images, boxes, 5)

    def of_theirs() -> Any:
        with torch.no_grad(), autocast(CPU, bfloat16):  # it uses autograd internally, which inference mode forbids
            return theirs(inputs, boxes)

    return Pair(of_ours, of_theirs)


def _training_step(bfloat16: bool) -> Pair:
    """The forward pass, the Lovasz loss of both passes and the backward pass; both backbones are frozen."""
    _need_bfloat16(bfloat16)
    (ours, theirs), (images, boxes) = networks("box2mask"), window(3)
    inputs = to_upstream(images).contiguous()
    masks = torch.zeros((images.shape[0], *CROP_HW), dtype=torch.uint8)
    masks[:, 180:300, 312:520] = 1

    def step(net: nn.Module, frozen: nn.Module, pictures: torch.Tensor) -> Callable[[], None]:
        net.requires_grad_(True)
        frozen.requires_grad_(False)
        net.zero_grad(set_to_none=True)

        def work() -> None:
            with autocast(CPU, bfloat16):
                output = net(pictures, boxes, 5) if net is trained else net(pictures, boxes)
            passes = (output.coarse, output.refined) if net is trained else output
            loss = sum(lovasz_loss(logits[:, 0].float(), masks) for logits in passes)
            net.zero_grad(set_to_none=True)
            loss.backward()

        return work

    trained, other = copy.deepcopy(ours), copy.deepcopy(theirs)
    return Pair(step(trained, trained.backbone, images), step(other, other.feature_extractor, inputs))


def _clip(mode: str) -> Pair:
    """Our annotation of a clip, per frame, against a call of pytracking's network for a window of T = 5 frames."""
    (ours, theirs), (images, boxes) = networks("box2mask"), window(5)
    inputs = to_upstream(images).contiguous()
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (CLIP_LENGTH, *CROP_HW, 3), dtype=np.uint8)
    track = np.tile([312.0, 180.0, 208.0, 120.0], (CLIP_LENGTH, 1))
    config = AnnotateConfig(num_frames=5, interval=2, mode=mode, iterations=5, colour=False, precision="float32")  # type: ignore[arg-type]
    theirs_once = torch.no_grad()(lambda: theirs(inputs, boxes))
    return Pair(lambda: list(annotate(frames, track, ours, config)), theirs_once, ours_units=CLIP_LENGTH)


ROWS = [
    Row("box2mask, T = 3, float32", "window", "upstream", 1.6, lambda: _forward(False)),
    Row("box2mask, T = 3, bfloat16", "window", "upstream", 2.6, lambda: _forward(True)),
    Row("training step, T = 3, float32", "step", "upstream", 1.4, lambda: _training_step(False)),
    Row("training step, T = 3, bfloat16", "step", "upstream", 2.2, lambda: _training_step(True)),
    Row("clip, T = 5, strided", "frame", "upstream", 8.0, lambda: _clip("strided")),
    Row("clip, T = 5, centred", "frame", "upstream", 4.0, lambda: _clip("centred")),
]
