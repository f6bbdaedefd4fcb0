r"""Measures the masks between boxes that are given only on every K-th frame, and whether their confidence is right.

    python -m benchmarks.sparse_boxes DAVIS_FOLDER --box-every 10

Three treatments of a frame without a box, between two boxed frames, are compared: the last box is copied and treated as
given; the interpolated box is treated as given; the interpolated box only determines the crop, as in run_annotate.py.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ltr_ext import host
from ltr_ext.data.image_io import IGNORE_LABEL, read_image, read_mask
from ltr_ext.digest import file_hash
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.annotation.review.trust import TrustMeter
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.segmentation.api import load_box2mask, weight_file
from tracker_ext.segmentation.confidence import Calibration, load_calibration
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.prepare import fill_gaps
from tracker_ext.segmentation.segment import annotate

WAYS = ("last box copied, as given", "interpolated, as given", "interpolated, as what it is")
DONE = WAYS[-1]


@dataclass(frozen=True)
class Found:
    """The scores of one mask of an object."""

    clip: str
    distance: int
    """Number of frames to the nearest given box."""
    j: float
    confidence: float


def main() -> int:
    """Annotate in three ways, and print two tables."""
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", metavar="DAVIS_FOLDER", help="clips with masks, or the name of a data set")
    parser.add_argument("--box-every", type=int, nargs="+", default=[10], metavar="K", help="(default 10)")
    parser.add_argument("--weights", metavar="FILE", help="box2mask weights (default: those that ship)")
    args = parser.parse_args()
    if min(args.box_every) < 2:
        raise UserError(f"--box-every {min(args.box_every)}: must be at least 2")
    host.resolve()
    from tracker_ext.evaluation.sequences import find_sequences

    sequences = find_sequences(args.dataset)
    path = weight_file(args.weights)
    net, calibration = load_box2mask(path), load_calibration(path)
    print(f"weights: {path} ({file_hash(path)}); T = 5, D = 15\n", flush=True)
    for every in args.box_every:
        found = {way: measure(sequences, way, every, net, calibration) for way in WAYS}
        print(format_ways(found, every))
        print(format_distances(found[DONE]), flush=True)
    return 0


def measure(
    sequences: Sequence[ClipSequence], way: str, every: int, net: Box2MaskNet, calibration: Calibration | None
) -> list[Found]:
    """The scores of all masks up to the last given box of each object."""
    found: list[Found] = []
    for sequence in tqdm(sequences, desc=way, unit="clip", disable=None, leave=False):
        boxes, given = {}, {}
        for object_id, track in true_boxes(sequence).items():
            kept = thin_out(track, every)
            if np.isfinite(kept).all(axis=1).sum() > 1:
                given[object_id] = np.isfinite(kept).all(axis=1)
                boxes[object_id] = copy_last(kept) if way == WAYS[0] else fill_gaps(kept, no_gap(track), every)
        if boxes:
            certain = given if way == DONE else None
            found += measure_clip(sequence, boxes, given, certain, net, calibration)
    return found


def measure_clip(
    sequence: ClipSequence,
    boxes: dict[int, np.ndarray],
    given: dict[int, np.ndarray],
    certain: dict[int, np.ndarray] | None,
    net: Box2MaskNet,
    calibration: Calibration | None,
) -> list[Found]:
    """The J and the confidence of the masks of a clip; `certain` is the argument `given` of `annotate`."""
    meters = {object_id: TrustMeter(calibration) for object_id in boxes}
    frames = (read_image(path) for path in sequence.frames)
    found = []
    config = AnnotateConfig(num_frames=5, interval=15, tolerance=0.05)
    for result in annotate(frames, boxes, net, config, name=sequence.name, given=certain, keep_logits=True):
        assert result.logits is not None
        assert sequence.ground_truth_seg is not None
        file = sequence.ground_truth_seg[result.index]
        truth = None if file is None else read_mask(file)
        for object_id, track in boxes.items():
            places = np.flatnonzero(given[object_id])
            if truth is None or not np.isfinite(track[result.index]).all() or result.index > places[-1]:
                continue
            distance = int(np.abs(places - result.index).min())
            mask = result.mask(object_id)
            trust = meters[object_id].measure(
                result.logits.get(object_id), mask, track[result.index], bool(given[object_id][result.index])
            )
            j = jaccard(mask, truth == object_id, ignore=truth == IGNORE_LABEL)
            found.append(Found(sequence.name, distance, j, trust.confidence if trust.area else 0.0))
    return found


def thin_out(track: np.ndarray, every: int) -> np.ndarray:
    """A copy of a track [F, 4] with every `every`-th row; the others are nan."""
    kept = np.full_like(track, np.nan, dtype=np.float64)
    kept[::every] = track[::every]
    return kept


def no_gap(track: np.ndarray) -> np.ndarray:
    """[F] bool, the frames where the object is absent, across which boxes are not interpolated."""
    return ~np.isfinite(track).all(axis=1)


def copy_last(kept: np.ndarray) -> np.ndarray:
    """A copy of a track [F, 4] in which each nan row is replaced by the last given row before it."""
    places = np.flatnonzero(np.isfinite(kept).all(axis=1))
    copied = kept.copy()
    copied[places[0] :] = kept[places[np.searchsorted(places, np.arange(places[0], len(kept)), side="right") - 1]]
    return copied


def mean_by_clip(found: Sequence[Found], field: str) -> float:
    """The mean over clips of the means of each clip."""
    clips: dict[str, list[float]] = defaultdict(list)
    for one in found:
        clips[one.clip].append(getattr(one, field))
    return float(np.mean([np.mean(values) for values in clips.values()])) if clips else float("nan")


def format_ways(found: dict[str, list[Found]], every: int) -> str:
    """A Markdown table with a row per treatment."""
    lines = [f"| a box on every {every}th frame | J between | J on boxed frames |", "|---|---|---|"]
    for way, masks in found.items():
        between = mean_by_clip([one for one in masks if one.distance], "j")
        boxed = mean_by_clip([one for one in masks if not one.distance], "j")
        lines.append(f"| {way} | {between:.3f} | {boxed:.3f} |")
    return "\n".join(lines) + "\n"


def format_distances(found: list[Found]) -> str:
    """A Markdown table of J and confidence by the distance from a given box, as means over masks."""
    lines = ["| frames to the nearest box | masks | J | confidence |", "|---|---|---|---|"]
    low = 0
    while low <= max(one.distance for one in found):
        high = max(low, 2 * low - 1)  # 0, 1, 2 to 3, 4 to 7, ...
        chosen = [one for one in found if low <= one.distance <= high]
        if chosen:
            j, confidence = (float(np.mean([getattr(one, name) for one in chosen])) for name in ("j", "confidence"))
            lines.append(f"| {low}{f' to {high}' if high > low else ''} | {len(chosen)} | {j:.3f} | {confidence:.3f} |")
        low = high + 1
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(run_command(main))
