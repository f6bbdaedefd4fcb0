"""Reference points: what can be had without following anything, scored by the same rules as the trackers.

`box_oracle`, `grabcut` and `single_image` are told the true box of every frame; `copy` is told what trackers are told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.data.mask_io import read_mask
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.evaluation.baselines import box_mask, grabcut_mask
from tracker_ext.evaluation.protocols import Protocol, frames_with_masks
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.scoring import MaskScorer, MaskValue, Predict
from tracker_ext.evaluation.segmented import Segmented
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.video.overlay import evenly_spaced

REFERENCE = "reference"
"""Stands for the tracker's name where results of reference points lie."""
ALL_BOXES = "all boxes"
SINGLE_IMAGE = AnnotateConfig(num_frames=1, interval=1, mode="centred", merge="soft", tolerance=0.0)

Annotations = Mapping[int, Sequence[tuple[int, Path]]]
"""Object id -> (frame, id mask) of each frame on which a tracker is told where it is."""


@dataclass(frozen=True)
class Material:
    """What reference points are made of."""

    annotations: Annotations
    """Of the sequence."""
    grabcut_frames: int
    """At most so many frames of a sequence, evenly spaced; GrabCut is slow."""
    net: Callable[[], Box2MaskNet]
    """Gives the box2mask network."""


@dataclass(frozen=True)
class Measured:
    """A reference point on one sequence."""

    values: list[MaskValue]
    seconds: float
    """Per frame, with all its objects, frames read; 0 where it says nothing."""


@dataclass(frozen=True)
class Reference:
    """A reference point."""

    title: str
    """In tables."""
    given: str | None
    """What it is told; None: what trackers are told."""
    frames: Callable[[ClipSequence, Material, list[int]], Iterator[tuple[int, Predict]]]
    """(sequence, material, frames to score) -> frames and their masks."""
    sampled: bool = False
    """Whether it is measured on `Material.grabcut_frames` frames alone."""
    timed: bool = True
    """Whether its time says anything."""


def measure(reference: Reference, sequence: ClipSequence, material: Material, protocol: Protocol) -> Measured:
    """J and F of a reference point on a sequence.

    Raises:
        UserError: frames or masks that cannot be read.
    """
    scorer = MaskScorer(sequence, protocol)
    if reference.sampled:
        counted = scorer.counted
        sample = {counted[place] for place in evenly_spaced(len(counted), material.grabcut_frames)}
        scorer = MaskScorer(sequence, protocol, only=dict.fromkeys(true_boxes(sequence), sample))
    wanted = scorer.counted
    masks = reference.frames(sequence, material, wanted)
    seconds, start = 0.0, time.perf_counter()
    for index, predict in masks:
        seconds += time.perf_counter() - start
        if index in wanted:
            scorer.add(index, predict)
        start = time.perf_counter()
    return Measured(scorer.values, seconds / len(wanted) if wanted and reference.timed else 0.0)


def _filled_boxes(sequence: ClipSequence, material: Material, wanted: list[int]) -> Iterator[tuple[int, Predict]]:
    boxes, nowhere = true_boxes(sequence), np.full((len(sequence.frames), 4), np.nan)

    def filled(index: int) -> Predict:
        return lambda object_id, shape: box_mask(boxes.get(object_id, nowhere)[index], *shape)

    for index in wanted:
        yield index, filled(index)


def _cut(sequence: ClipSequence, material: Material, wanted: list[int]) -> Iterator[tuple[int, Predict]]:
    boxes = true_boxes(sequence)
    for index in wanted:
        image = read_image(sequence.frames[index])
        masks = {object_id: grabcut_mask(image, track[index]) for object_id, track in boxes.items()}
        yield index, _of(masks)


def _copied(sequence: ClipSequence, material: Material, wanted: list[int]) -> Iterator[tuple[int, Predict]]:
    annotated = {
        object_id: [(frame, read_mask(path) == object_id) for frame, path in frames]
        for object_id, frames in material.annotations.items()
    }
    for index in wanted:
        yield index, _of({i: _nearest(masks, index) for i, masks in annotated.items()})


def _nearest(masks: Sequence[tuple[int, np.ndarray]], index: int) -> np.ndarray:
    """Of (frame, mask) the mask whose frame is next to `index`."""
    return min(masks, key=lambda one: abs(one[0] - index))[1]


def _single_images(sequence: ClipSequence, material: Material, wanted: list[int]) -> Iterator[tuple[int, Predict]]:
    if frames_with_masks(sequence):
        yield from Segmented(sequence, material.net(), SINGLE_IMAGE)


def _of(masks: Mapping[int, np.ndarray]) -> Predict:
    """Masks by object id; one that is not there is empty."""
    return lambda object_id, shape: masks.get(object_id, np.zeros(shape, bool))


REFERENCES = {
    "box_oracle": Reference("box oracle", ALL_BOXES, _filled_boxes, timed=False),
    "grabcut": Reference("GrabCut", ALL_BOXES, _cut, sampled=True),
    "single_image": Reference("box2mask, single images", ALL_BOXES, _single_images),
    "copy": Reference("copy of the nearest annotation", None, _copied, timed=False),
}
