"""Fit the confidence of a weight file on held-out clips, and say how well it tells good masks from bad ones.

It is fitted on clips of photographs that training has not seen and on drawn clips, and tested on others of the same
kinds, and on real clips with true masks where some are given. `<weights>.confidence.json` is written beside the
weights, and a picture where --picture says.

Example: python -m tracker_ext.evaluation.calibrate --clips ~/data/my_clips --picture docs/confidence.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr_ext import host
from ltr_ext.data.boxes import box_iou, mask_to_box
from ltr_ext.data.mask_io import IGNORE_LABEL, read_mask
from ltr_ext.digest import file_hash
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.progress import Progress
from ltr_ext.train_settings.synthetic_data import find_photographs
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.reliability import Reliability, format_reliability, plot_reliability, reliability
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.evaluation.true_clips import Part, TrueClip, drawn_clips, synthetic_clips
from tracker_ext.segmentation.api import load_box2mask, weight_file
from tracker_ext.segmentation.confidence import Calibration, calibration_path, save_calibration, soft_iou
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import WindowPlan, annotate
from tracker_ext.segmentation.windows import Window, schedule
from tracker_ext.video.frames import open_frames

CLIP_FRAMES = (5, 9)
"""Shortest and longest synthetic clip; drawn ones have the latter."""


NUM_STEPS = 12
"""Groups of equal size that the map is fitted to."""


@dataclass(frozen=True)
class JudgedMask:
    """What is known of one mask that is not empty; the confidence of an empty one is 0 by definition."""

    clip: str
    soft_iou: float
    tightness: float
    """IoU of the mask's own box with the given one."""
    jaccard: float
    """True J."""


def judge(clips: Iterable[TrueClip], net: Box2MaskNet, config: AnnotateConfig) -> Iterator[JudgedMask]:
    """Segment clips from their boxes, and measure every mask with and without its truth."""
    for clip in clips:
        yield from _judge_clip(clip.name, clip.frames, clip.labels, clip.boxes, net, config, None)


def judge_sequences(
    sequences: Iterable[ClipSequence], net: Box2MaskNet, config: AnnotateConfig, every: int
) -> Iterator[JudgedMask]:
    """The same for every `every`-th window of real clips with true masks and true boxes."""

    def plan(num_boxed: int) -> list[Window]:
        return list(schedule(config.mode, num_boxed, config.num_frames, config.interval))[::every]

    for sequence in sequences:
        paths = sequence.ground_truth_seg or []
        boxes = {i: track for i, track in true_boxes(sequence).items() if np.isfinite(track).any()}
        truths = (read_mask(path) if path else None for path in paths)
        if boxes and any(paths):
            yield from _judge_clip(sequence.name, open_frames(sequence.frames), truths, boxes, net, config, plan)


def _judge_clip(
    name: str,
    frames: Iterable[np.ndarray],
    truths: Iterable[np.ndarray | None],
    boxes: Mapping[int, np.ndarray],
    net: Box2MaskNet,
    config: AnnotateConfig,
    plan: WindowPlan | None,
) -> Iterator[JudgedMask]:
    results = annotate(frames, boxes, net, config, name=name, keep_logits=True, plan=plan)
    for result, truth in zip(results, truths, strict=True):
        for object_id, logits in (result.logits or {}).items():
            mask = result.mask(object_id)
            own = mask_to_box(mask)
            if truth is None or own is None:
                continue
            yield JudgedMask(
                name,
                soft_iou(logits, mask),
                float(box_iou(own, boxes[object_id][result.index])),
                jaccard(mask, truth == object_id, truth == IGNORE_LABEL),
            )


def fit_calibration(scores: np.ndarray, truth: np.ndarray, *, weights_hash: str, fitted_on: str) -> Calibration:
    """Fit the map: isotonic regression on the means of `NUM_STEPS` groups of equal size.

    Args:
        scores: [N] soft IoU of each mask.
        truth: [N] its true J.
        weights_hash: `file_hash` of the weights.
        fitted_on: the clips and masks, in words.

    Raises:
        UserError: fewer masks than groups.
    """
    if len(scores) < NUM_STEPS:
        raise UserError(f"{len(scores)} masks are too few to fit {NUM_STEPS} groups; give more clips, --synthetic N")
    groups = np.array_split(np.argsort(scores, kind="stable"), NUM_STEPS)
    # From the groups at both ends on, the map runs straight to 0 and to 1: few masks of the fit are lost altogether.
    map_from = [0.0, *(scores[group].mean() for group in groups), 1.0]
    map_to = [0.0, *isotonic(np.array([truth[group].mean() for group in groups])), 1.0]
    return Calibration(weights_hash, _rounded(map_from), _rounded(map_to), fitted_on)


def isotonic(values: np.ndarray) -> np.ndarray:
    """The non-descending sequence nearest to `values` [N] in the squares: pool adjacent violators."""
    blocks: list[list[float]] = []
    for value in values.tolist():
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (last, count), (first, before) = blocks.pop(), blocks.pop()
            blocks.append([(first * before + last * count) / (before + count), before + count])
    return np.concatenate([np.full(int(count), value) for value, count in blocks])


def measure(masks: list[JudgedMask], calibration: Calibration) -> dict[str, Reliability]:
    """How well the confidence, the soft IoU and the tightness tell the true J.

    Raises:
        UserError: there are no masks.
    """
    if not masks:
        raise UserError("clips: not one mask to measure; give clips with masks, and weights that find something")
    clips, scores, tightness, truth = columns(masks)
    estimates = {"confidence": calibration.predict(scores), "soft IoU": scores, "tightness": tightness}
    return {name: reliability(estimate, truth, clips) for name, estimate in estimates.items()}


def columns(masks: list[JudgedMask]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Names of the clips, [N] str; soft IoUs, tightnesses and true J, [N] float64 each."""
    names = np.array([mask.clip for mask in masks])
    numbers = np.array([[mask.soft_iou, mask.tightness, mask.jaccard] for mask in masks])
    return names, *numbers.reshape(-1, 3).T


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


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

    def clips(part: Part, synthetic: int, drawn: int) -> Iterator[TrueClip]:
        generated = synthetic_clips(part, synthetic, CLIP_FRAMES, photographs.held_out, photographs.backgrounds)
        yield from Progress(generated, total=synthetic, desc=f"{part}: synthetic")
        yield from Progress(drawn_clips(part, drawn, CLIP_FRAMES[1]), total=5 * drawn, desc=f"{part}: drawn")

    _, scores, _, truth = columns(list(judge(clips("fit", args.synthetic, args.drawn), net, config)))
    fitted_on = f"{len(truth)} masks of {args.synthetic} synthetic and {5 * args.drawn} drawn held-out clips"
    calibration = fit_calibration(scores, truth, weights_hash=digest, fitted_on=fitted_on)
    tests = {"held-out clips": list(judge(clips("test", args.synthetic // 2, (args.drawn + 1) // 2), net, config))}
    if sequences:
        shown = Progress(sequences, desc=args.clips.name)
        tests[args.clips.name] = list(judge_sequences(shown, net, config, args.every))
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
