"""How good are the masks, given ground-truth boxes? Mean J over clips in DAVIS layout.

Example: python -m benchmarks.dev_clips DAVIS_FOLDER --weights weights/box2mask-lite.safetensors
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.errors import UserError, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.weights import file_hash
from tracker_ext.annotation.api import load_box2mask
from tracker_ext.annotation.config import AnnotateConfig
from tracker_ext.annotation.engine import annotate
from tracker_ext.annotation.windows import Window, schedule
from tracker_ext.evaluation.baselines import box_mask
from tracker_ext.evaluation.frames import FrameSource, open_frames
from tracker_ext.evaluation.metrics import jaccard


@dataclass(frozen=True)
class ClipScores:
    """One sequence; J is a mean over the frames that show the object and were evaluated."""

    name: str
    jaccard: dict[int, float]
    """Object id -> J of the masks."""
    box_jaccard: dict[int, float]
    """Object id -> J of the filled ground-truth box on the same frames."""
    num_masks: int
    """Masks predicted: frames times objects."""
    seconds: float

    @property
    def means(self) -> tuple[float, float]:
        """J of masks and of boxes, mean over objects."""
        return float(np.mean([*self.jaccard.values()])), float(np.mean([*self.box_jaccard.values()]))


def find_sequences(root: Path, names: Sequence[str]) -> dict[str, tuple[FrameSource, list[Path]]]:
    """Name -> (frames, mask files) of the clips below `root` (JPEGImages/480p, Annotations/480p).

    Raises:
        UserError: no clip, an unknown name, or frames and masks that differ in number.
    """
    folder = root / "Annotations" / "480p"
    known = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not known:
        raise UserError(f"folder {root} has no clip below Annotations/480p; give a folder in DAVIS layout")
    if unknown := sorted(set(names) - set(known)):
        raise UserError(f"sequence {unknown[0]} is not in {folder}; known: {', '.join(known)}")
    found = {}
    for name in names or known:
        source = open_frames(root / "JPEGImages" / "480p" / name)
        masks = sorted((folder / name).glob("*.png"))
        if len(masks) != len(source):
            raise UserError(f"sequence {name}: {len(masks)} masks for {len(source)} frames; restore the files")
        found[name] = (source, masks)
    return found


def boxes_of_masks(paths: Sequence[Path]) -> dict[int, np.ndarray]:
    """Object id -> [N, 4] boxes of a clip's id masks; nan rows where an object is absent."""
    boxes: dict[int, np.ndarray] = {}
    for index, path in enumerate(paths):
        labels = read_mask(path)
        for object_id in set(np.unique(labels).tolist()) - {0, IGNORE_LABEL}:
            track = boxes.setdefault(object_id, np.full((len(paths), 4), np.nan))
            track[index] = mask_to_box(labels == object_id)
    return dict(sorted(boxes.items()))


def evaluate_clip(
    net: Box2MaskNet, source: FrameSource, mask_paths: Sequence[Path], config: AnnotateConfig, every: int
) -> ClipScores:
    """Annotate a clip from its ground-truth boxes and score it; with `every` = K only every K-th window runs."""

    def plan(num_boxed: int) -> list[Window]:
        return list(schedule(config.mode, num_boxed, config.num_frames, config.interval))[::every]

    boxes = boxes_of_masks(mask_paths)
    scores: dict[int, list[float]] = defaultdict(list)
    box_scores: dict[int, list[float]] = defaultdict(list)
    seconds, start = 0.0, time.perf_counter()
    for result in annotate(source, boxes, net, config, name=source.name, plan=plan):
        seconds += time.perf_counter() - start
        truth = read_mask(mask_paths[result.index])
        ignore = truth == IGNORE_LABEL
        for object_id in result.scores:
            filled = box_mask(boxes[object_id][result.index], *truth.shape)
            scores[object_id].append(jaccard(result.mask(object_id), truth == object_id, ignore))
            box_scores[object_id].append(jaccard(filled, truth == object_id, ignore))
        start = time.perf_counter()
    return ClipScores(
        source.name,
        {object_id: float(np.mean(values)) for object_id, values in sorted(scores.items())},
        {object_id: float(np.mean(values)) for object_id, values in sorted(box_scores.items())},
        sum(map(len, scores.values())),
        seconds,
    )


def stored_grabcut(path: Path) -> dict[str, float]:
    """Sequence -> mean over objects of the stored GrabCut numbers, and "mean" over sequences."""
    try:
        stored = json.loads(path.read_text())["sequences"]
        values = {name: [item["grabcut_oracle"] for item in ids.values()] for name, ids in stored.items()}
        return {name: float(np.mean(numbers)) for name, numbers in values.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"baselines {path} cannot be read ({error!r}); name a baselines_dev.json") from error


def print_table(clips: Sequence[ClipScores], grabcut: dict[str, float]) -> None:
    """One row per clip, the mean over clips last."""
    print(f"{'sequence':<22}{'J':>7}{'box':>7}{'GrabCut':>9}{'masks':>7}{'masks/s':>9}")
    for clip in clips:
        masks, boxes = clip.means
        print(
            f"{clip.name:<22}{masks:7.3f}{boxes:7.3f}{grabcut.get(clip.name, float('nan')):9.3f}"
            f"{clip.num_masks:7d}{clip.num_masks / clip.seconds:9.2f}"
        )
        if len(clip.jaccard) > 1:
            print("  objects " + " ".join(f"{object_id}:{value:.3f}" for object_id, value in clip.jaccard.items()))
    means = np.mean([clip.means for clip in clips], axis=0)
    cut = np.mean([grabcut.get(clip.name, float("nan")) for clip in clips])
    total, seconds = sum(clip.num_masks for clip in clips), sum(clip.seconds for clip in clips)
    print(f"{'mean over sequences':<22}{means[0]:7.3f}{means[1]:7.3f}{cut:9.3f}{total:7d}{total / seconds:9.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB, inference {seconds:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = AnnotateConfig(interval=5, tolerance=0.0)
    parser.add_argument("root", type=Path, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--weights", type=Path, required=True, help="a box2mask weight file")
    parser.add_argument("--frames", type=int, default=default.num_frames, help="T (default %(default)s)")
    parser.add_argument("--interval", type=int, default=default.interval, help="D (default %(default)s, as for DAVIS)")
    parser.add_argument("--mode", default=default.mode, choices=("strided", "centred"))
    parser.add_argument("--scale", type=float, help="crop over box; default: the network's")
    parser.add_argument("--iterations", type=int, help="solver steps; default: the network's")
    parser.add_argument("--tolerance", type=float, default=default.tolerance, help="the boxes are tight: default 0")
    parser.add_argument("--precision", default=default.precision, choices=("auto", "float32", "bfloat16"))
    parser.add_argument("--every", type=int, default=1, metavar="K", help="run every K-th window only")
    parser.add_argument("--sequences", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--threads", type=int, default=0, help="of torch and OpenCV (default: all cores)")
    parser.add_argument("--baselines", type=Path, metavar="JSON", help="stored GrabCut numbers to print beside")
    args = parser.parse_args()
    try:
        config = replace(
            default,
            num_frames=args.frames,
            interval=args.interval,
            mode=args.mode,
            scale=args.scale,
            iterations=args.iterations,
            tolerance=args.tolerance,
            precision=args.precision,
        )
    except ValueError as error:
        raise UserError(f"option: {error}") from error
    if args.threads > 0:
        torch.set_num_threads(args.threads)
        cv2.setNumThreads(args.threads)
    grabcut = stored_grabcut(args.baselines) if args.baselines else {}
    sequences = find_sequences(args.root, args.sequences)
    net = load_box2mask(args.weights)
    print(f"weights {args.weights} ({file_hash(args.weights)})")
    print(f"T={config.num_frames} D={config.interval} {config.mode}, tolerance {config.tolerance:g}")
    clips = []
    for name, (source, masks) in sequences.items():
        clips.append(evaluate_clip(net, source, masks, config, max(1, args.every)))
        print(f"{name}: J {clips[-1].means[0]:.3f}", file=sys.stderr, flush=True)
    print_table(clips, grabcut)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
