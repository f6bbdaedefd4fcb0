"""Masks from boxes in one call."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.device import best_device
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.segmentation.clip import load_clip
from tracker_ext.segmentation.config import DEFAULT_WEIGHTS, AnnotateConfig, weight_file
from tracker_ext.segmentation.networks import network
from tracker_ext.segmentation.prepare import DEFAULT_MAX_GAP, check_tracks, prepare, prepare_tracks
from tracker_ext.segmentation.segment import FrameMasks, annotate
from tracker_ext.video.frames import FrameSource, open_frames

__all__ = ["DEFAULT_WEIGHTS", "load_box2mask", "masks_from_boxes", "weight_file"]


def masks_from_boxes(
    video: str | Path | FrameSource | Iterable[np.ndarray],
    boxes: str | Path | np.ndarray | Mapping[int, np.ndarray],
    weights: str | Path | Box2MaskNet | None = None,
    *,
    keep_logits: bool = False,
    max_gap: int = DEFAULT_MAX_GAP,
    **options: Any,
) -> Iterator[FrameMasks]:
    """Turn per-frame boxes into per-frame masks.

    Args:
        video: a video file, a folder of pictures, an opened `FrameSource`, or N pictures [H, W, 3] uint8 RGB of one
            size, which may come from a generator.
        boxes: [N, 4] (x, y, w, h), image pixels, nan rows where the object is absent; or object id -> [N, 4]; or the
            name of a file of boxes (see `read_given_boxes`), which goes with a video that knows its length.
        weights: a weight file, a network that is already there, or None for the weights that ship.
        keep_logits: also give the logits.
        max_gap: frames of a table of boxes that have no row, between two boxed frames at most so many frames apart, get
            a mask all the same. Frames whose row is nan stay empty.
        **options: fields of `AnnotateConfig`, for example `num_frames=5, interval=15, mode="centred", tolerance=0.0`.

    Returns:
        Iterator over `FrameMasks`, one per frame, in order; frames are read and masks made as it is read.

    Raises:
        UserError: unreadable video, boxes or weights; bad boxes; frame and box counts that differ.
        ValueError: an option out of range.
    """
    config = AnnotateConfig(**options)
    if isinstance(boxes, str | Path):
        if not isinstance(video, str | Path | FrameSource):
            raise UserError(f"box file {boxes}: goes with a video or a folder; give boxes as an array")
        sequence = load_clip(Path(video) if isinstance(video, str | Path) else video, (Path(boxes),))
        prepared = prepare(sequence, max_gap, bad="refuse")
        frames: FrameSource | Iterable[np.ndarray] = sequence.frames
        name = sequence.name
    else:
        frames = open_frames(video, upright=True) if isinstance(video, str | Path) else video
        name, sizes = (frames.name, frames.sizes()) if isinstance(frames, FrameSource) else ("clip", None)
        tracks = check_tracks(boxes, name)
        absent = {object_id: np.isnan(track).all(axis=1) for object_id, track in tracks.items()}
        prepared = prepare_tracks(name, tracks, absent, sizes, max_gap, bad="refuse")
    for note in prepared.notes:
        print(f"{name}: {note}", file=sys.stderr)
    net = weights if isinstance(weights, Box2MaskNet) else load_box2mask(weights)
    return annotate(frames, prepared.boxes, net, config, name=name, keep_logits=keep_logits, given=prepared.given)


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
