"""Draw boxes on a video, see its masks, mend them: in the browser, on this machine, without a network."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

from ltr_ext.errors import CommandLine, UserError

NOTES = """examples:
  python run_editor.py clip.mp4
  python run_editor.py clip.mp4 --out clip_edited --no-browser --port 8800
  python run_editor.py my_clips
  python run_editor.py clip_edited
  python run_editor.py clip_masks
  python run_editor.py got10k_masks

clip_edited, which the first command wrote, goes on where you were: everything is saved as it happens. got10k_masks is
the output of run_annotate.py on a data set: look through its sequences, the worst first, decide about them, mend them.
clip_masks is that of run_annotate.py video, or of run_tracker.py --video: its masks are mended in their place, or in
--out DIR.

Written: DIR/masks/<frame>.png (pixel value = object id), DIR/boxes.txt (the masks' own boxes; boxes_<id>.txt for
several objects), DIR/given_boxes.csv (the boxes that you drew, as run_annotate.py video --boxes reads them).
The page is shown to nobody else: it answers on this machine only, and only at the address that is printed.
Exit code: 0 after "Close" on the page; 2 for what you can mend (a file that is no video, a port that is taken);
130 after Ctrl-C. More: docs/editor.md.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(
        prog="run_editor.py", description=__doc__, epilog=NOTES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument(
        "place",
        metavar="VIDEO|FOLDER|OUT",
        type=Path,
        help="a video; a folder of its frames as pictures; a folder of several of these; what this command, "
        "run_annotate.py or run_tracker.py wrote",
    )
    command.add_argument(
        "--out", metavar="DIR", type=Path, help="folder for the results (default: <name>_edited in the current folder)"
    )
    command.add_argument("--port", metavar="N", type=int, default=0, help="port of the address (default: a free one)")
    command.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    command.add_argument("--weights", metavar="FILE", type=Path, help="box2mask weights (default: those that ship)")
    command.add_argument(
        "--frames",
        dest="num_frames",
        metavar="T",
        type=int,
        default=5,
        help="frames seen together (default %(default)s)",
    )
    command.add_argument(
        "--interval",
        metavar="D",
        type=int,
        default=15,
        help="frames of the video from one of them to the next, at most; 5 suits fast motion (default %(default)s)",
    )
    command.add_argument(
        "--tolerance",
        metavar="PART",
        type=float,
        default=0.05,
        help="part of the box by which a mask may exceed it on each side; 0 for tight boxes (default %(default)s)",
    )
    command.add_argument(
        "--max-gap",
        metavar="N",
        type=int,
        default=60,
        help="frames between two boxed ones at most N frames apart get a mask; 0: none does (default %(default)s)",
    )
    command.add_argument(
        "--batch",
        dest="encode_batch",
        metavar="N",
        type=int,
        default=4,
        help="frames encoded at once (default %(default)s)",
    )
    return command


def main(arguments: list[str] | None = None) -> int:
    """Find the clips, serve the page; returns the exit code."""
    args = parser().parse_args(arguments)
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f"package {missing[0]} is not installed: pip install '.[editor]'")
    if args.max_gap < 0:
        raise UserError(f"--max-gap {args.max_gap}: must be 0 or more")
    from tracker_ext.editor.catalogue import clips_at
    from tracker_ext.editor.maker import MaskMaker
    from tracker_ext.segmentation.config import AnnotateConfig, from_options
    from tracker_ext.video.listing import is_dataset_output

    config, dataset = from_options(AnnotateConfig, args), None
    # What can be wrong is said before torch is imported, which takes seconds.
    if is_dataset_output(args.place):
        if args.out is not None:
            raise UserError(f"--out {args.out}: {args.place} is corrected in its own place; leave --out away")
        from tracker_ext.editor.dataset import DatasetFolder

        dataset = DatasetFolder(args.place)
        clips: list[Any] = list(dataset.clips())
        config = dataset.config(config)
        args.max_gap = dataset.settings.get("max_gap", args.max_gap)
    else:
        clips = list(clips_at(args.place, args.out))
    maker = MaskMaker(config, args.weights)
    from tracker_ext.editor.desk import Desk
    from tracker_ext.editor.serve import listen, serve

    with listen(args.port) as listener:
        desk = Desk(clips, maker, args.max_gap, dataset)
        if len(clips) == 1:
            desk.open(0)  # what is wrong with it is said before a page is shown
            print(f"results: {clips[0].out}")
        serve(desk, listener, not args.no_browser)
    return 0
