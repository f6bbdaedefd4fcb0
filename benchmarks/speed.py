"""Measures the speed of annotation and tracking against a baseline in the same run.

The baseline of annotation is float32 with one window per frame (appendix D), where every window encodes its T frames
anew. The baseline of tracking is the same tracker in float32.

Example: python -m benchmarks.speed --frames 5
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from ltr_ext import host
from ltr_ext.data.crop import crop_around
from ltr_ext.data.image_io import read_mask
from ltr_ext.digest import file_hash
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.demo import write_demo
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.segmentation.api import load_box2mask, weight_file
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.object_stream import CropLogits
from tracker_ext.segmentation.segment import annotate, box_logits
from tracker_ext.segmentation.windows import schedule
from tracker_ext.video.frames import open_frames

Masks = list[np.ndarray]
"""One [H, W] bool per frame."""


@dataclass(frozen=True)
class Measured:
    """The best of several runs."""

    masks: Masks
    seconds: float
    processor_seconds: float
    """Processor time of all threads, which varies less than `seconds` on a busy machine."""
    giga_flops: float
    """Operations of the convolutions and matrix products of one run, in 10^9."""


@torch.inference_mode()
def annotate_without_sharing(frames: np.ndarray, boxes: np.ndarray, net: Box2MaskNet, config: AnnotateConfig) -> Masks:
    """The baseline: `net.forward` in float32 on the window of every frame.

    Args:
        frames: [N, H, W, 3] uint8 RGB.
        boxes: [N, 4] (x, y, w, h) in image pixels.
        net: the network.
        config: the options of `annotate`.
    """
    image_hw, shape = frames.shape[1:3], net.config
    masks: dict[int, np.ndarray] = {}
    for window in schedule("centred", len(frames), config.num_frames, config.interval):
        pairs = [
            (index, crop_around(boxes[index], image_hw, shape.scale_of(*boxes[index, 2:]), shape.crop_hw))
            for index in window.frames
        ]
        images = torch.from_numpy(np.stack([crop.cut(frames[index]) for index, crop in pairs]))
        in_crop = torch.from_numpy(np.stack([crop.boxes_to_crop(boxes[index]) for index, crop in pairs])).float()
        logits = net(images.permute(0, 3, 1, 2).float()[:, None], in_crop[:, None], config.iterations).final
        row = window.frames.index(window.kept[0])
        index, crop = pairs[row]
        answer = CropLogits(crop, crop.cut(frames[index]), logits[row, 0].numpy())
        masks[window.kept[0]] = box_logits(answer, boxes[index], config.tolerance, image_hw, config.colour) > 0
    return [masks[index] for index in range(len(frames))]


def measure(runs: dict[str, Callable[[], Masks]], repeats: int) -> dict[str, Measured]:
    """Run everything in turn, `repeats` times, so that the machine's load affects all alike; keep the best runs."""
    best: dict[str, Measured] = {}
    for name, run in runs.items():
        with FlopCounterMode(display=False) as counter:
            masks = run()
        best[name] = Measured(masks, np.inf, np.inf, counter.get_total_flops() / 1e9)
    for _ in range(repeats):
        for name, run in runs.items():
            wall, processor = time.perf_counter(), time.process_time()
            run()
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            known = best[name]
            best[name] = replace(
                known, seconds=min(known.seconds, wall), processor_seconds=min(known.processor_seconds, processor)
            )
    return best


def matmul_peak(dtype: torch.dtype, size: int = 2048) -> float:
    """The speed of a large matrix product in 10^9 operations per second, the best that the machine can reach."""
    a = torch.randn(size, size).to(dtype)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        torch.mm(a, a)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / 1e9 / min(seconds)


def print_table(measured: dict[str, Measured], truth: Masks, peaks: dict[str, float]) -> None:
    """Print a table with a row per run, and ratios to the first run."""
    baseline = next(iter(measured.values()))
    head = ("run", "frames/s", "ratio", "CPU ratio", "GFLOP/frame", "of peak", "J", "J to fp32")
    print("{:<34}{:>10}{:>8}{:>11}{:>13}{:>9}{:>8}{:>11}".format(*head))
    for name, run in measured.items():
        frames = len(run.masks)
        peak = peaks["bfloat16" if "bfloat16" in name else "float32"]
        partner = measured.get(name.replace("bfloat16", "float32"), run)
        print(
            f"{name:<34}{frames / run.seconds:10.2f}{baseline.seconds / run.seconds:8.2f}"
            f"{baseline.processor_seconds / run.processor_seconds:11.2f}{run.giga_flops / frames:13.2f}"
            f"{run.giga_flops / run.seconds / peak:9.0%}{mean_jaccard(run.masks, truth):8.3f}"
            f"{mean_jaccard(run.masks, partner.masks):11.3f}"
        )


def mean_jaccard(masks: Masks, others: Masks) -> float:
    """The mean Jaccard index over the frames."""
    return float(np.mean([jaccard(mask, other) for mask, other in zip(masks, others, strict=True)]))


def tracking_runs(frames: np.ndarray, box: np.ndarray, parameter: str) -> dict[str, Callable[[], Masks]]:
    """Runs of the LWL tracker on the clip, one per precision; raises `UserError` if its weights are missing."""
    from tracker_ext.tracker_handle import TrackerHandle

    handle = TrackerHandle("lwl", parameter)
    handle.get_parameters()

    def run(precision: str) -> Masks:
        params = handle.get_parameters()
        params.parts = replace(params.parts, config=replace(params.parts.config, precision=precision))
        tracker = handle.tracker_class(params)
        outputs = [tracker.initialize(frames[0], {"init_bbox": box.tolist()})]
        outputs += [tracker.track(frame) for frame in frames[1:]]
        return [output["segmentation"] > 0 for output in outputs]

    return {f"lwl {parameter}, {kind}": lambda kind=kind: run(kind) for kind in ("float32", "bfloat16")}


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, help="clips in DAVIS layout (default: the demo, drawn if need be)")
    parser.add_argument("--sequence", help="which clip; its first object is taken (default: the first clip)")
    parser.add_argument("--length", type=int, default=25, help="frames of the clip to use (default %(default)s)")
    parser.add_argument("--weights", type=Path, help="box2mask weights (default: those that ship)")
    parser.add_argument("--frames", type=int, default=5, help="T (default %(default)s)")
    parser.add_argument("--interval", type=int, default=5, help="D (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the best run counts (default %(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of torch and OpenCV (default: all cores)")
    args = parser.parse_args()
    host.resolve()
    if args.threads > 0:
        torch.set_num_threads(args.threads)
        cv2.setNumThreads(args.threads)
    clips = args.clips or load_paths().workspace_dir / "demo"
    if args.clips is None:
        write_demo(clips)
    sequence = find_sequence(clips, args.sequence)
    object_id, track = next(iter(true_boxes(sequence).items()))
    boxes = track[: args.length]
    truth_paths = (sequence.ground_truth_seg or [])[: args.length]
    if not np.isfinite(boxes).all() or None in truth_paths:
        raise UserError(f"sequence {sequence.name}: its first object leaves the picture; take another --sequence")
    source = open_frames(sequence.frames)
    frames = np.stack([source.frame(index) for index in range(len(boxes))])
    truth = [read_mask(path) == object_id for path in truth_paths if path]
    net = load_box2mask(args.weights, "cpu")
    path = weight_file(args.weights)
    print(f"weights: {path} (sha256 {file_hash(path)})")
    print(f"clip: {sequence.name}, {len(frames)} frames of {frames.shape[2]}x{frames.shape[1]}, one object")
    print(f"device: cpu, {torch.get_num_threads()} threads; T={args.frames} D={args.interval}")
    peaks = {"float32": matmul_peak(torch.float32), "bfloat16": matmul_peak(torch.bfloat16)}
    print(", ".join(f"{kind} matrix product {peak:.0f} GFLOP/s" for kind, peak in peaks.items()))

    config = AnnotateConfig(num_frames=args.frames, interval=args.interval, tolerance=0.0)

    def run(**options: str) -> Callable[[], Masks]:
        chosen = replace(config, **options)
        return lambda: [result.mask() for result in annotate(frames, boxes, net, chosen)]

    runs = {"baseline: nothing shared, float32": lambda: annotate_without_sharing(frames, boxes, net, config)}
    for mode in ("centred", "strided"):
        for precision in ("float32", "bfloat16"):
            runs[f"{mode}, {precision}"] = run(mode=mode, precision=precision)
    print_table(measure(runs, args.repeats), truth, peaks)
    print()
    try:
        runs = tracking_runs(frames, boxes[0], "box2mask_init")
    except UserError as error:
        print(f"tracking left out: {error}")
        return 0
    print_table(measure(runs, args.repeats), truth, peaks)
    return 0


def find_sequence(clips: Path, name: str | None) -> ClipSequence:
    """The clip of a folder in DAVIS layout with this name, or the first one; raises `UserError` if there is none."""
    from tracker_ext.evaluation.datasets import DavisFolderDataset

    dataset = DavisFolderDataset(clips, name=clips.name)
    if name is not None and name not in dataset.sequence_names:
        raise UserError(f"sequence {name} is not in {clips}; known: {', '.join(dataset.sequence_names)}")
    return dataset.sequence(name or dataset.sequence_names[0])


if __name__ == "__main__":
    sys.exit(run_command(main))
