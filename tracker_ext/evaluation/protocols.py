"""Which frames and objects a data set counts, and how its means are taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask
from tracker_ext.evaluation.metrics import PRECISION_PIXELS, PRECISION_SHARE
from tracker_ext.evaluation.results import ClipSequence, first_frames, true_boxes


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How one data set is scored."""

    masks: Literal["clips", "davis", "youtubevos", "boxed", "later"] = "clips"
    """Which frames and objects J and F count; see `scored_frames`."""
    boxes: Literal["clips", "got10k", "trackingnet"] = "clips"
    """Which frames and boxes the overlaps count; see `box_scores.py`."""

    @property
    def mask_note(self) -> str:
        """The rule of J and F in words."""
        return {
            "clips": "J, F: mean over frames from an object's first one on, then objects, then sequences",
            "davis": "J, F: as the DAVIS benchmark: the objects of the first frame, without first and last frame; the "
            "mean over frames, then over all objects of the data set",
            "youtubevos": "J, F: without an object's first frame and the last frame; the mean over frames, then over "
            "all objects of the data set",
            "later": "J, F: without an object's first frame; the mean over frames, then objects, then sequences",
            "boxed": "J, F: on the frames that show the object; the mean over frames, then objects, then sequences",
        }[self.masks]

    @property
    def by_object(self) -> bool:
        """Whether the means of J and F are over all objects of the data set, not over its sequences."""
        return self.masks in ("davis", "youtubevos")

    @property
    def void_counts(self) -> bool:
        """Whether pixels of `IGNORE_LABEL` in the truth are background instead of left out (DAVIS)."""
        return self.masks == "davis"

    @property
    def box_note(self) -> str:
        """The rule of the box scores in words."""
        return {
            "clips": "AO, SR50, SR75: box overlap on the visible frames after an object's first one; AUC: mean of the "
            "success curve at 0, 0.05 .. 1; "
            f"P: centre within {PRECISION_PIXELS:g} pixels; NP: within {PRECISION_SHARE:g} of the box",
            "got10k": "AO, SR50, SR75: as the GOT-10k toolkit: without the first frame and those of cover 0, boxes "
            "moved and cut into the image, the mean over all frames of the data set",
            "trackingnet": "AUC, P, NP: as TrackingNet's evaluation: boxes rounded to pixels, first box given; areas "
            "under the curves of overlap (0 .. 1), distance (0 .. 50 pixels) and normalised distance (0 .. 0.5), the "
            "mean over videos",
        }[self.boxes]


CLIPS = Protocol()
BOXED = Protocol(masks="boxed")
"""Of the paper's tables: only there is a box to make a mask of."""
LATER = Protocol(masks="later")
"""Of MaskTrack's paper (section 5.1)."""
PROTOCOLS = {
    "dv2016_val": Protocol(masks="davis"),
    "dv2017_val": Protocol(masks="davis"),
    "yt2019_jjval": Protocol(masks="youtubevos"),
    "yt300": Protocol(masks="youtubevos"),
    "segtrack_v2": LATER,
    "youtube_objects": LATER,
    "got10k_val": Protocol(boxes="got10k"),
    "trackingnet": Protocol(boxes="trackingnet"),
}
"""Data set -> its rules; all others have `CLIPS`."""


def protocol_of(dataset: str) -> Protocol:
    """The rules of a data set by its name."""
    return PROTOCOLS.get(dataset, CLIPS)


def scored_frames(sequence: ClipSequence, protocol: Protocol) -> dict[int, list[int]]:
    """The frames with a true mask on which an object's J and F count.

    * clips: from the object's first frame on;
    * davis: ids 1 .. the highest of the first mask (or 255 alone, in the masks of 2016), without first and last frame;
    * youtubevos: after the object's first frame, without the last frame;
    * later: after the object's first frame;
    * boxed: where the object has a true box.

    Args:
        sequence: with true masks.
        protocol: whose `masks` decides.

    Returns:
        Object id -> indices of frames, ascending; an object without any is left out.
    """
    measured = frames_with_masks(sequence)
    if not measured:
        return {}
    boxes = true_boxes(sequence)
    starts = first_frames(boxes)
    if protocol.masks == "davis":
        first = sequence.ground_truth_seg[measured[0]]  # type: ignore[index]
        labels = read_mask(first)  # type: ignore[arg-type]
        highest = int(np.max(labels[labels != IGNORE_LABEL], initial=0))
        ids = list(range(1, highest + 1)) or ([IGNORE_LABEL] if labels.any() else [])
        chosen = dict.fromkeys(ids, measured[1:-1])
    elif protocol.masks == "boxed":
        chosen = {i: [index for index in measured if np.isfinite(track[index]).all()] for i, track in boxes.items()}
    elif protocol.masks == "youtubevos":
        chosen = {i: [index for index in measured[:-1] if index > start] for i, start in starts.items()}
    elif protocol.masks == "later":
        chosen = {i: [index for index in measured if index > start] for i, start in starts.items()}
    else:
        chosen = {i: [index for index in measured if index >= start] for i, start in starts.items()}
    return {object_id: frames for object_id, frames in chosen.items() if frames}


def frames_with_masks(sequence: ClipSequence) -> list[int]:
    """Indices of the frames that have a true mask."""
    return [index for index, path in enumerate(sequence.ground_truth_seg or []) if path is not None]


def truth_notes(sequences: Iterable[ClipSequence]) -> list[str]:
    """A warning where the only true masks are those that a tracker is given; else none."""
    known = [(set(frames_with_masks(one)), set(first_frames(true_boxes(one)).values())) for one in sequences]
    if any(masks for masks, _ in known) and all(masks <= given for masks, given in known):
        return [
            "the true masks here are those of the objects' first frames, which a tracker is given: J and F say nothing "
            "of the others, which the data set's server scores (--pack)"
        ]
    return []
