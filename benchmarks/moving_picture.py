"""Makes the film at the top of the README: a clip with boxes on the left, and the masks made from them on the right.

Example: python -m benchmarks.moving_picture DAVIS_FOLDER --sequence tennis --out docs/boxes_to_masks.webp
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.speed import find_sequence
from ltr_ext import host
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import CommandLine, UserError, run_command
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.segmentation import masks_from_boxes
from tracker_ext.video.frames import open_frames
from tracker_ext.video.overlay import draw_contour

GAP = 6
"""Number of white pixels between the two sides."""
DIMMED = 0.35
"""Factor of the background's brightness."""
BOX_COLOUR = (255, 225, 25)
"""Colour of the boxes, RGB."""


def pair(frame: np.ndarray, labels: np.ndarray, boxes: dict[int, np.ndarray]) -> np.ndarray:
    """Draw a picture of the film.

    Args:
        frame: [H, W, 3] uint8 RGB.
        labels: [H, W] object ids, 0 for background.
        boxes: [4] (x, y, w, h) in pixels by object id; nan for an absent object.

    Returns:
        [H, 2 W + GAP, 3] uint8 RGB: the frame with its boxes, and the objects in colour on a dark grey background.
    """
    grey = (frame.mean(axis=2, keepdims=True) * DIMMED).astype(np.uint8)
    cut = np.where(labels[..., None] > 0, frame, grey)
    for object_id in boxes:
        draw_contour(cut, labels == object_id, (255, 255, 255))
    boxed = frame.copy()
    for x, y, w, h in boxes.values():
        if np.isfinite(x):
            cv2.rectangle(boxed, (int(x), int(y)), (int(x + w) - 1, int(y + h) - 1), BOX_COLOUR, 2)
    white = np.full((len(frame), GAP, 3), 255, np.uint8)
    return np.concatenate([boxed, white, cut], axis=1)


def film(sequence: ClipSequence, width: int, scores: list[float]) -> Iterator[np.ndarray]:
    """Yield a picture per frame, made with the defaults of `run_annotate.py video`, and append its J to `scores`."""
    source = open_frames(sequence.frames)
    boxes = true_boxes(sequence)
    truths = sequence.ground_truth_seg or [None] * len(source)
    for result in masks_from_boxes(source, boxes):
        path = truths[result.index]
        if path is not None:
            truth = read_mask(path)
            scores += [jaccard(result.mask(object_id), truth == object_id) for object_id in result.scores]
        frame = source.frame(result.index)
        picture = pair(frame, result.labels, {object_id: track[result.index] for object_id, track in boxes.items()})
        height = round(picture.shape[0] * width / picture.shape[1])
        yield cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with JPEGImages and Annotations")
    parser.add_argument("--sequence", required=True, metavar="NAME")
    parser.add_argument("--width", type=int, default=902, help="of the film in pixels (default %(default)s)")
    parser.add_argument("--fps", type=int, default=20, help="pictures per second (default %(default)s)")
    parser.add_argument("--quality", type=int, default=55, help="of WebP, 0 to 100 (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="WebP to write; its folder exists")
    args = parser.parse_args()
    if not args.out.parent.is_dir():
        raise UserError(f"output folder {args.out.parent} does not exist; create it")
    host.resolve()
    scores: list[float] = []
    sequence = find_sequence(args.root, args.sequence)
    first, *others = [Image.fromarray(picture) for picture in film(sequence, args.width, scores)]
    duration = round(1000 / args.fps)
    options = {"quality": args.quality, "method": 6, "duration": duration, "loop": 0}
    first.save(args.out, format="WEBP", save_all=True, append_images=others, **options)
    print(f"{args.out}: {len(others) + 1} frames, {args.out.stat().st_size / 1e6:.2f} MB, mean J {np.mean(scores):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
