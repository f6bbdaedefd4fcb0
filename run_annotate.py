"""Turn boxes on the frames of a video into masks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext.errors import UserError, run_command

EXAMPLES = """examples:
  python run_annotate.py video clip.mp4 --boxes boxes.txt --out clip_masks
  python run_annotate.py video frames/ --boxes boxes.csv --out clip_masks --mode centred --tolerance 0

boxes.txt has one x,y,w,h line per frame, in pixels (nan,nan,nan,nan where the object is absent); boxes.csv has the
header frame,object,x,y,w,h, frames counted from 0 and objects from 1.

Written: DIR/masks/<frame>.png (pixel value = object id), DIR/boxes.txt (the masks' own boxes; boxes_<id>.txt for
several objects), DIR/overlay.mp4.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = command.add_subparsers(dest="kind", required=True, metavar="video")
    video = kinds.add_parser(
        "video",
        help="one video file or folder of frames",
        description="Turn boxes on the frames of one video into masks.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    video.add_argument("video", metavar="FILE_OR_FRAME_FOLDER", type=Path)
    video.add_argument("--boxes", metavar="FILE", type=Path, required=True, help="boxes of every frame")
    video.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    video.add_argument("--frames", metavar="T", type=int, default=5, help="frames seen together (default %(default)s)")
    video.add_argument(
        "--interval",
        metavar="D",
        type=int,
        default=15,
        help="from one of them to the next; 5 suits fast motion (default %(default)s)",
    )
    video.add_argument(
        "--mode",
        choices=("strided", "centred"),
        default="strided",
        help="strided: each window of T frames gives T masks; centred: a window per frame, T times the work",
    )
    video.add_argument(
        "--tolerance",
        metavar="PART",
        type=float,
        default=0.05,
        help="part of the box by which a mask may exceed it on each side; 0 for tight boxes (default %(default)s)",
    )
    video.add_argument("--weights", metavar="FILE", type=Path, help="box2mask weights (default: those that ship)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the network, annotate; returns the exit code."""
    args = parser().parse_args(arguments)
    from ltr_ext.weights import file_hash
    from tracker_ext.annotation.annotate_video import annotate_video
    from tracker_ext.annotation.api import load_box2mask, weight_file
    from tracker_ext.annotation.config import AnnotateConfig

    try:
        config = AnnotateConfig(
            num_frames=args.frames, interval=args.interval, mode=args.mode, tolerance=args.tolerance
        )
    except ValueError as error:
        raise UserError(f"option: {error}") from error
    net = load_box2mask(args.weights)
    path = weight_file(args.weights)
    device = next(net.parameters()).device
    arithmetic = "bfloat16" if config.uses_bfloat16(device) else "float32"
    print(f"weights: {path} (sha256 {file_hash(path)})\ndevice: {device.type}, {arithmetic}", flush=True)
    summary = annotate_video(args.video, args.boxes, net, config, args.out)
    print(f"{summary}\nresults: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
