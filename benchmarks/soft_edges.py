"""What soft edges are worth: alpha of `run_annotate.py video --soft` beside hard masks, near the edges of objects.

Of synthetic clips made of the photographs that training holds out, shown at half their size, so that what each pixel
holds of the object is known; and of your own clips (DAVIS layout), whose masks know 0 and 1 alone.

Example: python -m benchmarks.soft_edges --clips ~/data/clips --picture soft.webp
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.held_out import SEED, Clip, real
from ltr_ext import host
from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import IGNORE_LABEL
from ltr_ext.data.synthetic.clips import render_clip
from ltr_ext.errors import CommandLine, run_command
from tracker_ext.evaluation.metrics import boundary_f
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.segmentation.segment import annotate
from tracker_ext.segmentation.soft_edges import edge_band, soft_edges

FRAMES = 5
CHECKS = ((210, 60, 160), (190, 40, 140))
"""RGB behind the cut-outs of the picture."""


@dataclass(frozen=True)
class Found:
    """An object on a frame."""

    frame: np.ndarray
    """[H, W, 3] uint8 RGB."""
    truth: np.ndarray
    """[H, W] float32, 0..1: true alpha."""
    known: np.ndarray
    """[H, W] bool: where the truth says something."""
    alphas: dict[str, np.ndarray]
    """Method -> [H, W] float32, 0..1."""


def synthetic(count: int, side: int) -> Iterator[Clip]:
    """Clips as `box2mask lite` draws them, of photographs that it holds out; longer side `side` pixels."""
    from ltr_ext.train_settings.box2mask import lite
    from ltr_ext.train_settings.synthetic_data import find_photographs

    photographs = find_photographs()
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        config = replace(lite.RECIPE.clips, canvas_side=side)
        made = render_clip(rng, FRAMES, photographs.held_out, photographs.backgrounds, config)
        yield Clip("synthetic", made.frames, made.masks, 1)


def halved(clip: Clip) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Frames of half the size, true alpha, and where it is known."""

    def half(maps: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.resize(maps, (maps.shape[1] // 2, maps.shape[0] // 2), interpolation=cv2.INTER_AREA))

    return (
        [half(frame) for frame in clip.frames],
        [half((mask == 1).astype(np.float32)) for mask in clip.masks],
        [half((mask == IGNORE_LABEL).astype(np.float32)) == 0 for mask in clip.masks],
    )


def measured(clip: Clip, net, radius: int | None) -> Iterator[Found]:
    """The masks and alphas of a clip, made of the boxes of all frames."""
    if clip.kind == "synthetic":
        frames, truths, known = halved(clip)
    else:
        frames, known = clip.frames, [mask != IGNORE_LABEL for mask in clip.masks]
        truths = [(mask == 1).astype(np.float32) for mask in clip.masks]
    shown = [index for index, truth in enumerate(truths) if (truth >= 0.5).any()]
    boxes = np.array([mask_to_box(truths[index] >= 0.5) for index in shown])
    config = AnnotateConfig(num_frames=FRAMES, interval=clip.interval)
    found = annotate([frames[index] for index in shown], boxes, net, config, keep_logits=True)
    for index, result in zip(shown, found, strict=True):
        assert result.logits is not None
        mask, probability = result.mask(), 1 / (1 + np.exp(-result.logits[1].clip(-30, 30)))
        alphas = {
            "hard mask": mask.astype(np.float32),
            "the network's probability": probability,
            "soft": soft_edges(frames[index], mask, radius).astype(np.float32) / 255,
        }
        yield Found(frames[index], truths[index], known[index], alphas)


def scores(found: Found, method: str) -> tuple[float, float]:
    """Mean absolute error of alpha near the true edge, and boundary F of alpha at 0.5."""
    alpha, truth = found.alphas[method], found.truth
    near = edge_band(truth >= 0.5, max(3, round(0.008 * float(np.sqrt(truth.size))))) & found.known
    error = float(np.abs(alpha - truth)[near].mean()) if near.any() else np.nan
    return error, boundary_f((alpha >= 0.5) & found.known, (truth >= 0.5) & found.known)


def picture(found: Found, side: int = 300, zoom: int = 2) -> np.ndarray:
    """The frame, the hard cut-out and the soft one, over another colour: the part with the most of its edge soft."""
    softness = found.alphas["soft"] * (1 - found.alphas["soft"])
    y, x = np.unravel_index(int(cv2.boxFilter(softness, -1, (side, side)).argmax()), softness.shape)
    top, left = (
        int(np.clip(at - side // 2, 0, max(end - side, 0))) for at, end in zip((y, x), softness.shape, strict=True)
    )
    part = (slice(top, top + side), slice(left, left + side))
    rows, columns = np.indices(softness.shape)
    behind = np.array(CHECKS, np.float32)[((rows // 16) + (columns // 16)) % 2]
    tiles = [found.frame[part].astype(np.float32)]
    for method in ("hard mask", "soft"):
        alpha = found.alphas[method][..., None]
        tiles.append((alpha * found.frame + (1 - alpha) * behind)[part])
    sheet = np.concatenate(tiles, axis=1).round().astype(np.uint8)
    return np.asarray(cv2.resize(sheet, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST))


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, help="clips in DAVIS layout, beside the synthetic ones")
    parser.add_argument("--count", type=int, default=12, help="synthetic clips (default %(default)s)")
    parser.add_argument("--side", type=int, default=1664, help="their longer side before halving (default %(default)s)")
    parser.add_argument("--every", type=int, default=6, help="of --clips, one frame in so many (default %(default)s)")
    parser.add_argument("--radius", type=int, help="of the filter, pixels (default: by the size of the frame)")
    parser.add_argument("--picture", type=Path, help="write a comparison of the clip --number to this file")
    parser.add_argument("--number", type=int, default=0, help="of the synthetic clip for --picture (default 0)")
    args = parser.parse_args()
    host.resolve()
    net = load_box2mask(None, "cpu")
    clips = [*synthetic(args.count, args.side), *(real(args.clips, args.every) if args.clips else ())]
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, clip in enumerate(tqdm(clips, leave=False)):
        for index, found in enumerate(measured(clip, net, args.radius)):
            for method in found.alphas:
                rows.setdefault((clip.kind, method), []).append(scores(found, method))
            if args.picture and (number, index) == (args.number, 0):
                Image.fromarray(picture(found)).save(args.picture, quality=88)
    print("| clips | frames | alpha | error near the edge | boundary F at 0.5 |\n|---|---|---|---|---|")
    for (kind, method), values in rows.items():
        error, boundary = np.nanmean(values, axis=0)
        print(f"| {kind} | {len(values)} | {method} | {error:.4f} | {boundary:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
