"""Masks from boxes in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import settings
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.engine import FrameMasks, annotate, check_boxes
from tracker_ext.evaluation.box_files import read_boxes
from tracker_ext.evaluation.frames import FrameSource, open_frames
from tracker_ext.tracker.networks import best_device, network

DEFAULT_WEIGHTS = "box2mask-lite.safetensors"
"""File in `weights_dir` of the settings that is used unless another one is named."""


def masks_from_boxes(
    video: str | Path | FrameSource | Iterable[np.ndarray],
    boxes: str | Path | np.ndarray | Mapping[int, np.ndarray],
    weights: str | Path | Box2MaskNet | None = None,
    *,
    keep_logits: bool = False,
    **options: Any,
) -> Iterator[FrameMasks]:
    """Turn per-frame boxes into per-frame masks.

    Args:
        video: a video file, a folder of pictures, an opened `FrameSource`, or N pictures [H, W, 3] uint8 RGB of one
            size, which may come from a generator.
        boxes: [N, 4] (x, y, w, h), image pixels, nan rows where the object is absent; or object id -> [N, 4]; or the
            name of a file of boxes (see `read_boxes`), which goes with a video that knows its length.
        weights: a weight file, a network that is already there, or None for the weights that ship.
        keep_logits: also give the logits.
        **options: fields of `AnnotateConfig`, for example `num_frames=5, interval=15, mode="centred", tolerance=0.0`.

    Returns:
        Iterator over `FrameMasks`, one per frame, in order; frames are read and masks made as it is read.

    Raises:
        UserError: unreadable video, boxes or weights; bad boxes; frame and box counts that differ.
        ValueError: an option out of range.
    """
    config = AnnotateConfig(**options)
    frames = open_frames(video, upright=True) if isinstance(video, str | Path) else video
    name = frames.name if isinstance(frames, FrameSource) else "clip"
    if isinstance(boxes, str | Path):
        if not isinstance(frames, FrameSource):
            raise UserError(f"box file {boxes}: goes with a video or a folder; give boxes as an array")
        boxes = read_boxes(boxes, len(frames))
    if isinstance(frames, FrameSource):
        boxes = check_boxes(boxes, frames.size, name)
    net = weights if isinstance(weights, Box2MaskNet) else load_box2mask(weights)
    return annotate(frames, boxes, net, config, name=name, keep_logits=keep_logits)


def weight_file(weights: str | Path | None) -> Path:
    """The named weight file, or the one that ships."""
    return settings.load().weights_dir / DEFAULT_WEIGHTS if weights is None else Path(weights)


def load_box2mask(weights: str | Path | None = None, device: str | None = None) -> Box2MaskNet:
    """Load a box2mask network, ready for inference.

    Args:
        weights: a weight file; None for the one that ships.
        device: None for a graphics card if there is one, else the CPU.

    Raises:
        UserError: missing, corrupt, or weights of another network.
    """
    net = network(weight_file(weights), Box2MaskNet, device or best_device())
    assert isinstance(net, Box2MaskNet)
    return net
