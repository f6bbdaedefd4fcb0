"""Makes the picture in docs/evaluation.md: boxes and the masks made from them, good and bad ones alike.

Example: python -m benchmarks.picture DAVIS_FOLDER --sequences bear goat --out docs/boxes_to_masks.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from benchmarks.speed import find_sequence
from ltr_ext import host
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import CommandLine, UserError, run_command
from tracker_ext.evaluation.metrics import jaccard
from tracker_ext.evaluation.results import ClipSequence, true_boxes
from tracker_ext.segmentation import AnnotateConfig, annotate
from tracker_ext.segmentation.api import load_box2mask
from tracker_ext.video.frames import open_frames
from tracker_ext.video.overlay import Tile, contact_sheet, evenly_spaced


def tiles_of(sequence: ClipSequence, weights: Path | None, count: int) -> list[Tile]:
    """Make masks of every third frame of a clip from its boxes, and tiles of evenly spaced ones."""
    source = open_frames(sequence.frames)
    numbers = list(range(0, len(source), 3))
    frames = [source.frame(n) for n in numbers]
    boxes = {object_id: track[numbers] for object_id, track in true_boxes(sequence).items()}
    shown = set(evenly_spaced(len(numbers), count))
    tiles = []
    for result in annotate(
        frames, boxes, load_box2mask(weights), AnnotateConfig(num_frames=9, interval=2, tolerance=0.0)
    ):
        if result.index not in shown:
            continue
        path = (sequence.ground_truth_seg or [None] * len(source))[numbers[result.index]]
        if path is None:
            continue
        truth = read_mask(path)
        scores = [jaccard(result.mask(i), truth == i) for i in result.scores]
        given = {i: boxes[i][result.index] for i in result.scores}
        caption = f"frame {numbers[result.index]}  J {np.mean(scores):.2f}"
        tiles.append(
            Tile(frame=frames[result.index], predicted=result.labels, truth=truth, boxes=given, caption=caption)
        )
    return tiles


def main() -> int:
    parser = CommandLine(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--sequences", nargs="+", required=True, metavar="NAME")
    parser.add_argument("--weights", type=Path, help="a box2mask weight file (default: the one that ships)")
    parser.add_argument("--columns", type=int, default=4, help="frames per clip (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="JPEG or PNG to write; its folder exists")
    args = parser.parse_args()
    if not args.out.parent.is_dir():
        raise UserError(f"output folder {args.out.parent} does not exist; create it")
    host.resolve()
    rows = {name: tiles_of(find_sequence(args.root, name), args.weights, args.columns) for name in args.sequences}
    sheet = contact_sheet(rows, "boxes given on every frame", tile_width=280)
    cv2.imwrite(str(args.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
