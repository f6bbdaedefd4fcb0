"""Run a tracker on a data set, or on a video of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError
from tracker_ext import tracking_command
from tracker_ext.video.box_argument import join_boxes, parse_box

EXAMPLES = """examples:
  python run_tracker.py lwl box2mask_init demo
  python run_tracker.py lwl box2mask_init got10k_val --threads 4
  python run_tracker.py lwl box2mask_init dv2017_val --sequence blackswan
  python run_tracker.py lwl ours got10k_val --weights lwl.safetensors --weights box2mask.safetensors
  python run_tracker.py lwl box2mask_init demo --visdom localhost:8097
  python run_tracker.py lwl box2mask_init --video clip.mp4 --box 120,80,60,140 --out clip_masks
  python run_tracker.py lwl box2mask_init --video clip.mp4 --box 0:1:120,80,60,140 --box 40:2:9,9,80,50 \\
      --mask 75:corrected.png --out clip_masks
  python run_tracker.py lwl box2mask_init --webcam
"""

if __name__ == "__mp_main__":  # a spawned worker
    host.resolve()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(
        prog="run_tracker.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("tracker", help="tracker, for example lwl")
    command.add_argument(
        "parameter", help="parameter module: of lwl, box2mask_init starts from a box, default from a mask"
    )
    command.add_argument("dataset", nargs="?", help="data set, for example demo, got10k_val, dv2017_val")
    command.add_argument("--sequence", metavar="S", help="only this sequence (name, or number from 0)")
    command.add_argument("--video", metavar="PATH", help="a video file or a folder of frames, instead of a data set")
    command.add_argument(
        "--webcam",
        nargs="?",
        type=int,
        const=0,
        metavar="N",
        help="a camera of this machine (its number, default 0) instead: the box is drawn in a window (space), or given "
        "with --box; q or Ctrl-C ends; written only with --out",
    )
    command.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="[FRAME:]x,y,w,h",
        help="object on the first frame of the video, in pixels; once per object. With FRAME (name of a picture, or "
        "number from 0) on that frame: an object that enters later, or a correction; of several objects "
        "FRAME:OBJECT:x,y,w,h",
    )
    command.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="FRAME:FILE",
        help="the mask of a frame of the video, painted or corrected, in place of a box; of several objects, where it "
        "is black and white, FRAME:OBJECT:FILE; repeatable",
    )
    command.refuse_option(
        "--boxes", "boxes on every frame go with run_annotate.py video PATH --boxes FILE; here give --box x,y,w,h"
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        help="folder for the results (default: results_dir of settings/paths.toml, else results/; of a video "
        "video/NAME in it)",
    )
    command.add_argument(
        "--runid",
        type=int,
        metavar="N",
        help="number of the run, for several of the same: becomes part of the name of the results folder",
    )
    command.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="sequences tracked at once, each in a process of its own (default 0: one after another)",
    )
    command.add_argument(
        "--debug",
        type=int,
        default=0,
        metavar="N",
        help="debug level of the tracker; above 0 errors show a traceback and no results are written",
    )
    command.add_argument(
        "--no-report",
        action="store_true",
        help="track only: no scores, no pictures; run_evaluation.py --results makes them later",
    )
    command.add_argument(
        "--sweep",
        metavar="FILE.toml",
        help="track the data set with every combination of the parameters in FILE (memory_size = [16, 32]), each into "
        "a folder of its own below --out, and print a table: docs/evaluation.md",
    )
    command.add_argument(
        "--visdom",
        nargs="?",
        const="localhost:8097",
        metavar="SERVER:PORT",
        help="show frame, masks, boxes and scores while tracking, on a visdom server that runs already (python -m "
        "visdom.server); without SERVER:PORT, which only the end of the line allows, localhost:8097",
    )
    command.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="FILE",
        help="weight file or training checkpoint in place of what the parameter module takes; once more for a second "
        "network (which one it is, the file says)",
    )
    command.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16"),
        default="auto",
        help="arithmetic of the convolutions (default auto: bf16 where the processor has it built in, unless the "
        "parameter module asks for fp32)",
    )
    command.add_argument("--host", choices=host.CHOICES, default="auto", help=host.OPTION_HELP)
    return command


def main(arguments: list[str] | None = None) -> int:
    """Parse, choose the host, run; returns the exit code."""
    args = parser().parse_args(join_boxes(sys.argv[1:] if arguments is None else arguments))
    if sum(kind is not None for kind in (args.dataset, args.video, args.webcam)) != 1:
        raise UserError("data set or video or --webcam: give one of them; see --help")
    for option, given in (("--box", args.box), ("--mask", args.mask)):
        if args.dataset is not None and given:
            raise UserError(f"{option} {given[0]}: goes with --video; a data set has its own")
    if args.webcam is not None and (args.mask or any(":" in text for text in args.box)):
        raise UserError("--webcam: takes --box x,y,w,h, of the first picture; frames and masks go with --video")
    for path in args.weights:
        if not Path(path).is_file():
            raise UserError(f"--weights {path}: no such file; name a weight file or a training checkpoint")
    if args.threads < 0:
        raise UserError(f"--threads {args.threads}: must be 0 or more")
    for text in args.box:  # before the host is chosen, and a video opened
        parse_box(text.rpartition(":")[2])
    if args.sweep is not None and (args.dataset is None or args.debug):
        raise UserError(f"--sweep {args.sweep}: goes with a data set, and without --debug")
    if args.webcam is not None and args.webcam < 0:
        raise UserError(f"--webcam {args.webcam}: must be 0 or more")
    if args.visdom:
        from tracker_ext.tracker.live_view import LiveView

        print(f"live view: {LiveView(args.visdom).page}")
    print(f"host: {host.resolve(args.host)}")
    if args.sweep is not None:
        from tracker_ext.sweep import run_sweep

        return run_sweep(args)
    if args.webcam is not None:
        return tracking_command.run_on_camera(args)
    if args.video is None:
        return tracking_command.run_on_dataset(args)
    return tracking_command.run_on_video(args)
