"""Compares weight files on clips that were used neither for training nor for any choice.

Masks are made from the boxes of all frames, on synthetic clips of the photographs that training holds out, and on your
own clips (DAVIS layout). Each file is compared with the first one, clip by clip.

Example: python -m benchmarks.held_out weights/box2mask-lite.safetensors new.safetensors --clips ~/data/clips
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ltr_ext import host
from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.data.synthetic.clips import render_clip
from ltr_ext.digest import file_hash
from ltr_ext.errors import CommandLine, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.evaluation.metrics import boundary_f, jaccard
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate

SEED = 77
SYNTHETIC_FRAMES = 5


@dataclass(frozen=True)
class Clip:
    """An object in T frames."""

    kind: str
    frames: list[np.ndarray]
    """T frames [H, W, 3] uint8 RGB."""
    masks: list[np.ndarray]
    """T masks [H, W] uint8: 1 object, 0 background, 255 undecided."""
    interval: int
    """Number of frames between two frames of a window."""


def synthetic(count: int) -> Iterator[Clip]:
    """Clips of the kinds on which `box2mask lite` and `box2mask lite2` train, of photographs that both hold out."""
    from ltr_ext.train_settings.box2mask import lite, lite2
    from ltr_ext.train_settings.synthetic_data import find_photographs

    photographs = find_photographs(lite2.RECIPE.source_weights)
    for kind, recipe in (("clips of lite", lite.RECIPE), ("clips of lite2", lite2.RECIPE)):
        for number in range(count):
            rng = np.random.default_rng((SEED, number))
            made = render_clip(rng, SYNTHETIC_FRAMES, photographs.held_out, photographs.backgrounds, recipe.clips)
            yield Clip(kind, made.frames, made.masks, 1)


def real(folder: Path, every: int) -> Iterator[Clip]:
    """The first object of each clip in a folder, on every `every`-th frame where it is visible."""
    from tracker_ext.evaluation.datasets import DavisFolderDataset
    from tracker_ext.video.frames import open_frames

    dataset = DavisFolderDataset(folder, name=folder.name)
    for name in dataset.sequence_names:
        sequence = dataset.sequence(name)
        source, paths = open_frames(sequence.frames), sequence.ground_truth_seg or []
        shown = [(index, read_mask(path)) for index, path in enumerate(paths) if path and index % every == 0]
        shown = [(index, (labels == 1).astype(np.uint8)) for index, labels in shown if (labels == 1).any()]
        yield Clip(name, [source.frame(index) for index, _ in shown], [mask for _, mask in shown], max(5 // every, 1))


def score(net: Box2MaskNet, clip: Clip, num_frames: int) -> tuple[float, float]:
    """The mean J and F of a clip."""
    boxes = np.array([mask_to_box(mask == 1) for mask in clip.masks])
    config = AnnotateConfig(num_frames=num_frames, interval=clip.interval, tolerance=0.0)
    scores = []
    for result, truth in zip(annotate(clip.frames, boxes, net, config), clip.masks, strict=True):
        known = truth != IGNORE_LABEL
        predicted, wanted = result.mask() & known, truth == 1
        scores.append((jaccard(predicted, wanted), boundary_f(predicted, wanted)))
    mean = np.mean(scores, axis=0)
    return float(mean[0]), float(mean[1])


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="+", help="weight files; the first is what the others are held to")
    parser.add_argument("--clips", type=Path, help="clips in DAVIS layout, beside the synthetic ones")
    parser.add_argument("--count", type=int, default=100, help="synthetic clips of each kind (default %(default)s)")
    parser.add_argument(
        "--every", type=int, default=3, help="of the clips, use one frame in so many (default %(default)s)"
    )
    parser.add_argument("--frames", type=int, nargs="+", default=[1, 5], help="T (default 1 5)")
    args = parser.parse_args()
    host.resolve()
    nets = [load_box2mask(path, "cpu") for path in args.weights]
    clips = [*synthetic(args.count), *(real(args.clips, args.every) if args.clips else ())]
    print("| clips | T | weights | J | F | J - that of the first |\n|---|---|---|---|---|---|")
    for num_frames in args.frames:
        columns = {net: [score(net, clip, num_frames) for clip in tqdm(clips, leave=False)] for net in nets}
        for kind in dict.fromkeys(clip.kind for clip in clips):
            rows = [index for index, clip in enumerate(clips) if clip.kind == kind]
            first = np.array(columns[nets[0]])[rows, 0]
            for path, net in zip(args.weights, nets, strict=True):
                scores = np.array(columns[net])[rows]
                gains = scores[:, 0] - first
                error = f" +- {gains.std(ddof=1) / np.sqrt(len(gains)):.3f}" if len(gains) > 1 else ""
                jaccards, boundaries = scores.mean(axis=0)
                name, gain = f"{path.stem} {file_hash(path)[:6]}", f"{gains.mean():+.3f}{error}"
                print(f"| {kind} | {num_frames} | {name} | {jaccards:.3f} | {boundaries:.3f} | {gain} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
