"""Fit the confidence of a weight file on held-out clips, and say how well it tells good masks from bad ones.

Fitted on clips of photographs that training has not seen and on drawn clips; tested on others of the same kinds, and on
real clips with true masks where some are given. Written: `<weights>.confidence.json` beside the weights, and a picture.

Example: python -m tracker_ext.evaluation.calibrate --clips ~/data/my_clips --picture docs/confidence.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext import host
from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.progress import Progress
from ltr_ext.train_settings.synthetic_data import find_photographs
from ltr_ext.weights import file_hash
from tracker_ext.annotation.review.trust import count_parts, tightness_of
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.reliability import Reliability, format_reliability, plot_reliability, reliability
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.true_clips import TrueClip, drawn_clips, synthetic_clips
from tracker_ext.segmentation.api import load_box2mask, weight_file
from tracker_ext.segmentation.confidence import (
    DEFAULT_FEATURES,
    Calibration,
    calibration_path,
    fit_calibration,
    save_calibration,
)
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.mask_features import NAMES, as_vector, mask_features
from tracker_ext.segmentation.segment import WindowPlan, annotate
from tracker_ext.segmentation.windows import Window, schedule
from tracker_ext.video.frames import open_frames

CLIP_FRAMES = (5, 9)
"""Shortest and longest synthetic clip; drawn ones have the latter."""


@dataclass(frozen=True)
class JudgedMasks:
    """Masks with features and true J; empty ones are left out: their confidence is 0 by definition."""

    clips: np.ndarray
    """[N] str, the clip of each mask."""
    vectors: np.ndarray
    """[N, len(NAMES)] float64, see `as_vector`."""
    jaccard: np.ndarray
    """[N] float64."""


def judge(clips: Iterable[TrueClip], net: Box2MaskNet, config: AnnotateConfig) -> JudgedMasks:
    """Segment clips from their boxes, and measure every mask with and without its truth."""
    rows: list[tuple[str, np.ndarray, float]] = []
    for clip in clips:
        rows += _judge_clip(clip.name, clip.frames, clip.labels, clip.boxes, net, config, None)
    return _judged(rows)


def judge_sequences(
    sequences: Iterable[ClipSequence], net: Box2MaskNet, config: AnnotateConfig, every: int
) -> JudgedMasks:
    """The same for every `every`-th window of real clips with true masks and true boxes."""

    def plan(num_boxed: int) -> list[Window]:
        return list(schedule(config.mode, num_boxed, config.num_frames, config.interval))[::every]

    rows: list[tuple[str, np.ndarray, float]] = []
    for sequence in sequences:
        paths = sequence.ground_truth_seg or []
        boxes = {i: track for i, track in true_boxes(sequence).items() if np.isfinite(track).any()}
        truths = (read_mask(path) if path else None for path in paths)
        if boxes and any(paths):
            rows += _judge_clip(sequence.name, open_frames(sequence.frames), truths, boxes, net, config, plan)
    return _judged(rows)


def _judge_clip(
    name: str,
    frames: Iterable[np.ndarray],
    truths: Iterable[np.ndarray | None],
    boxes: Any,
    net: Box2MaskNet,
    config: AnnotateConfig,
    plan: WindowPlan | None,
) -> Iterator[tuple[str, np.ndarray, float]]:
    results = annotate(frames, boxes, net, config, name=name, keep_logits=True, plan=plan)
    for result, truth in zip(results, truths, strict=True):
        for object_id, logits in (result.logits or {}).items():
            mask, given = result.mask(object_id), boxes[object_id][result.index]
            own = mask_to_box(mask)
            if truth is None or own is None:
                continue
            features = mask_features(logits, mask, own, given, count_parts(mask, own), tightness_of(own, given))
            yield name, as_vector(features), jaccard(mask, truth == object_id, truth == IGNORE_LABEL)


def _judged(rows: list[tuple[str, np.ndarray, float]]) -> JudgedMasks:
    if not rows:
        raise UserError("clips: not one mask to measure; give clips with masks, and weights that find something")
    names, vectors, overlaps = zip(*rows, strict=True)
    return JudgedMasks(np.array(names), np.stack(vectors), np.array(overlaps))


def measure(masks: JudgedMasks, calibration: Calibration) -> dict[str, Reliability]:
    """What the confidence says of the true J, and what simpler scores would."""
    scores = {"confidence": calibration.predict(masks.vectors)}
    for feature in ("soft_iou", "mean_probability", "tightness"):
        scores[feature.replace("_", " ")] = masks.vectors[:, NAMES.index(feature)]
    return {name: reliability(score, masks.jaccard, masks.clips) for name, score in scores.items()}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--weights", metavar="FILE", type=Path, help="box2mask weights (default: those that ship)")
    command.add_argument(
        "--synthetic", metavar="N", type=int, default=80, help="clips of photographs to fit on (default %(default)s)"
    )
    command.add_argument(
        "--drawn", metavar="N", type=int, default=2, help="times five drawn clips to fit on (default %(default)s)"
    )
    command.add_argument("--clips", metavar="DIR", type=Path, help="also test on these: DAVIS layout, with masks")
    command.add_argument(
        "--every", metavar="K", type=int, default=16, help="of those, every K-th window (default %(default)s)"
    )
    command.add_argument(
        "--features",
        metavar="NAME",
        nargs="+",
        choices=NAMES,
        default=DEFAULT_FEATURES,
        help=f"what the estimate is made of: {', '.join(NAMES)} (default: {' '.join(DEFAULT_FEATURES)})",
    )
    command.add_argument("--picture", metavar="FILE", type=Path, help="reliability curves, PNG")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, fit, test, write; returns the exit code."""
    args = parser().parse_args(arguments)
    for option, least in (("synthetic", 4), ("drawn", 0), ("every", 1)):
        if getattr(args, option) < least:
            raise UserError(f"--{option} {getattr(args, option)}: must be at least {least}")
    host.resolve()
    from tracker_ext.evaluation.datasets import DavisFolderDataset

    sequences = list(DavisFolderDataset(args.clips).get_sequence_list()) if args.clips else []
    weights = weight_file(args.weights)
    net, digest, config = load_box2mask(weights), file_hash(weights), AnnotateConfig()
    print(f"weights: {weights} (sha256 {digest})", flush=True)
    photographs = find_photographs()

    def clips(part: Any, synthetic: int, drawn: int) -> Iterator[TrueClip]:
        generated = synthetic_clips(part, synthetic, CLIP_FRAMES, photographs.held_out, photographs.backgrounds)
        yield from Progress(generated, total=synthetic, desc=f"{part}: synthetic")
        yield from Progress(drawn_clips(part, drawn, CLIP_FRAMES[1]), total=5 * drawn, desc=f"{part}: drawn")

    fitting = judge(clips("fit", args.synthetic, args.drawn), net, config)
    fitted_on = f"{len(fitting.jaccard)} masks of {args.synthetic} synthetic and {5 * args.drawn} drawn held-out clips"
    calibration = fit_calibration(
        fitting.vectors, fitting.jaccard, weights_hash=digest, fitted_on=fitted_on, features=args.features
    )
    tests = {"held-out clips": judge(clips("test", args.synthetic // 2, (args.drawn + 1) // 2), net, config)}
    if sequences:
        shown = Progress(sequences, desc=args.clips.name)
        tests[args.clips.name] = judge_sequences(shown, net, config, args.every)
    results = {name: measure(masks, calibration) for name, masks in tests.items()}
    path = calibration_path(weights)
    save_calibration(path, calibration, {name: scores["confidence"].summary() for name, scores in results.items()})
    print(format_reliability(results))
    print(f"calibration: {path}")
    if args.picture:
        plot_reliability(args.picture, {name: scores["confidence"] for name, scores in results.items()})
        print(f"picture: {args.picture}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
