"""Boxes on the frames of a clip become masks: windowed inference over a stream of frames (paper section 3.5).

Shapes: N frames, H W image pixels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.text import counted
from tracker_ext.segmentation.colour import decide_by_colour
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.merge import merge_labels
from tracker_ext.segmentation.object_stream import CropLogits, MirroredPair, ObjectStream
from tracker_ext.segmentation.prepare import check_frame, check_tracks
from tracker_ext.segmentation.windows import Window, schedule

WindowPlan = Callable[[int], Iterable[Window]]
"""Number of boxed frames of an object -> its windows, in the order of their last frame."""

BACKGROUND_LOGIT = -100.0
"""Logit of what lies outside a box, or outside every crop."""


@dataclass(frozen=True)
class FrameMasks:
    """The masks of one frame."""

    index: int
    """Number of the frame, from 0."""
    labels: np.ndarray
    """[H, W]: object id, 0 for background; uint8, or uint16 if the clip has an id above 254 (255 is "undecided")."""
    scores: dict[int, float]
    """Object id -> mean probability of the pixels of its mask, 0..1; 0 for an empty mask. Boxed objects only."""
    logits: dict[int, np.ndarray] | None
    """Object id -> [H, W] float32, `BACKGROUND_LOGIT` outside the box; None unless asked for."""

    def mask(self, object_id: int = 1) -> np.ndarray:
        """[H, W] bool, one object."""
        return self.labels == object_id


def annotate(
    frames: Iterable[np.ndarray],
    boxes: np.ndarray | Mapping[int, np.ndarray],
    net: Box2MaskNet,
    config: AnnotateConfig | None = None,
    *,
    name: str = "clip",
    keep_logits: bool = False,
    plan: WindowPlan | Mapping[int, Iterable[Window]] | None = None,
    given: Mapping[int, np.ndarray] | None = None,
    masks: Mapping[int, Mapping[int, np.ndarray]] | None = None,
) -> Iterator[FrameMasks]:
    """Turn per-frame boxes into per-frame masks.

    Frames are read once and in order; masks come out in order, each as soon as its window is complete. Memory does not
    grow with the length of the clip: per object at most (T - 1) D + `encode_batch` frame encodings and T D crops of
    logits are alive. Several objects are segmented separately; where they overlap
    `config.merge` says who wins.

    A box that is interpolated (`given` is false) only says where to look. Such a frame is explained by the filter that
    the boxed frames around it agreed on, and has no say in it; the interval between boxed frames is shortened so that
    a window spans about (T - 1) D frames of the clip all the same.

    Args:
        frames: N pictures, [H, W, 3] uint8 RGB, of any size each; a `FrameSource` or any iterable.
        boxes: [N, 4] (x, y, w, h), image pixels, of object 1; or object id -> [N, 4]. A nan row means absent: that
            frame's mask is empty.
        net: the network, in eval mode.
        config: windows, tolerance, precision.
        name: what messages call the clip.
        keep_logits: also give the logits.
        plan: windows to run instead of those of `config`, of each object (by its number of given boxes, or by its
            id); a frame that none of them keeps gets an empty mask and no score.
        given: object id -> [N] bool, false where the box is interpolated. None: all boxes are given.
        masks: object id -> frame -> [H, W] bool, where the mask is known. It is the frame's mask, and helps the others:
            refinement learns from it rather than from the network's own first mask. Such a frame needs a given box,
            that of the mask.

    Yields:
        One `FrameMasks` per frame.

    Raises:
        UserError: bad boxes, or frame and box counts that differ.
    """
    config = config or AnnotateConfig()
    tracks = check_tracks(boxes, name)
    certain = {object_id: np.isfinite(track).all(axis=1) for object_id, track in tracks.items()}
    if given is not None:
        certain = {object_id: certain[object_id] & given[object_id] for object_id in tracks}
    known = masks or {}
    streams = {}
    for object_id, track in tracks.items():
        windows = _windows_of(plan, config, track, object_id, certain[object_id])
        streams[object_id] = _stream(net, track, windows, config, certain[object_id], known.get(object_id))
    num_boxes = len(next(iter(tracks.values())))
    dtype = label_type(tracks)
    sizes: deque[tuple[int, int]] = deque()
    num_read = num_given = 0
    for index, frame in enumerate(frames):
        num_read += 1
        if num_read > num_boxes:
            raise UserError(
                f"{name}: more than {counted(num_boxes, 'frame')} for {counted(num_boxes, 'box')}; "
                "give one box per frame"
            )
        sizes.append(frame.shape[:2])
        check_frame(tracks, index, frame.shape[:2], name)
        for stream in streams.values():
            stream.push(index, frame)
        while num_given < num_read and all(stream.is_ready(num_given) for stream in streams.values()):
            answers = {object_id: stream.pop(num_given) for object_id, stream in streams.items()}
            pasted = {
                object_id: box_logits(
                    answer,
                    tracks[object_id][num_given],
                    config.tolerance if certain[object_id][num_given] else config.tolerance_between,
                    sizes[0],
                    config.colour,
                )
                for object_id, answer in answers.items()
                if answer is not None
            }
            for object_id in pasted:
                if (mask := known.get(object_id, {}).get(num_given)) is not None:
                    pasted[object_id] = np.where(mask, -BACKGROUND_LOGIT, BACKGROUND_LOGIT).astype(np.float32)
            labels = merge_labels(pasted, sizes.popleft(), config.merge, dtype)
            scores = {object_id: _mean_probability(found[labels == object_id]) for object_id, found in pasted.items()}
            yield FrameMasks(num_given, labels, scores, pasted if keep_logits else None)
            num_given += 1
    if num_read < num_boxes or num_read == 0:
        raise UserError(f"{name}: {num_read} frames for {num_boxes or 'the given'} boxes; give one box per frame")


def _stream(
    net: Box2MaskNet,
    track: np.ndarray,
    windows: Iterable[Window],
    config: AnnotateConfig,
    certain: np.ndarray,
    masks: Mapping[int, np.ndarray] | None,
) -> ObjectStream | MirroredPair:
    if not config.flip:
        return ObjectStream(net, track, windows, config, certain, masks=masks)
    windows = list(windows)
    plain, mirrored = (ObjectStream(net, track, windows, config, certain, flag, masks) for flag in (False, True))
    return MirroredPair(plain, mirrored)


def _windows_of(
    plan: WindowPlan | Mapping[int, Iterable[Window]] | None,
    config: AnnotateConfig,
    track: np.ndarray,
    object_id: int,
    certain: np.ndarray,
) -> Iterable[Window]:
    """The windows of one object; see `annotate`."""
    if isinstance(plan, Mapping):
        return plan[object_id]
    return (plan or _plan(config, track))(int(certain.sum()))


def _plan(config: AnnotateConfig, track: np.ndarray) -> WindowPlan:
    """The windows of `config`; the interval, in frames of the clip, is brought to boxed frames of this object."""
    num_covered = int(np.isfinite(track).all(axis=1).sum())

    def windows(num_given: int) -> Iterator[Window]:
        interval = max(1, round(config.interval * num_given / max(num_covered, 1)))
        return schedule(config.mode, num_given, config.num_frames, interval)

    return windows


def allowed_region(box: np.ndarray, tolerance: float, image_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the image that a box touches, enlarged by `tolerance` times its size on every side."""
    x, y, w, h = box
    left, right = np.floor(x - tolerance * w), np.ceil(x + w + tolerance * w)
    top, bottom = np.floor(y - tolerance * h), np.ceil(y + h + tolerance * h)
    rows = np.clip([top, bottom], 0, image_hw[0]).astype(int)
    columns = np.clip([left, right], 0, image_hw[1]).astype(int)
    return slice(*rows.tolist()), slice(*columns.tolist())


def box_logits(
    answer: CropLogits, box: np.ndarray, tolerance: float, image_hw: tuple[int, int], colour: bool = False
) -> np.ndarray:
    """Bring the logits of a crop to the image; `BACKGROUND_LOGIT` outside the box: [H, W] float32."""
    found = answer.logits
    if colour:
        found = decide_by_colour(found, answer.picture, answer.crop.boxes_to_crop(box))
    logits = np.full(image_hw, BACKGROUND_LOGIT, dtype=np.float32)
    region = allowed_region(box, tolerance, image_hw)
    logits[region] = answer.crop.paste(found, image_hw, BACKGROUND_LOGIT)[region]
    return logits


def label_type(object_ids: Iterable[int]) -> type[np.unsignedinteger[Any]]:
    """Type of a label map that holds these ids: uint8 up to 254, since 255 stands for undecided there, else uint16."""
    return np.uint8 if max(object_ids, default=0) < IGNORE_LABEL else np.uint16


def _mean_probability(logits: np.ndarray) -> float:
    """Mean of the sigmoid; 0 for no pixels."""
    return float((1 / (1 + np.exp(-logits.astype(np.float64)))).mean()) if logits.size else 0.0
