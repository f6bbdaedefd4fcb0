"""Turn boxes on the frames of videos into masks: a whole data set, a folder, one video, or a task of CVAT."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError
from tracker_ext.annotation.command import annotate_dataset, apply_review
from tracker_ext.annotation.sources import DATASETS
from tracker_ext.commands.annotate_options import add_dataset_options, add_window_options
from tracker_ext.segmentation.annotate_video import Follow, annotate_one_video
from tracker_ext.segmentation.config import PAPER_MODE
from tracker_ext.segmentation.prepare import PreparedBoxes
from tracker_ext.video.box_argument import join_boxes

if TYPE_CHECKING:
    from ltr_ext.models.box2mask import Box2MaskNet

EXAMPLES = """examples:
  python run_annotate.py got10k_train --out got10k_masks
  python run_annotate.py lasot_train --out lasot_masks --workers 4 --format upstream,coco-rle
  python run_annotate.py folder my_clips --out my_masks --dry-run
  python run_annotate.py folder frames --boxes instances.json --out masks --format ytvos
  python run_annotate.py video clip.mp4 --boxes boxes.txt --out clip_masks
  python run_annotate.py cvat https://app.cvat.ai 1234 --user me
  python run_annotate.py --apply decisions.csv --out got10k_masks

Where data sets lie is said in settings/paths.toml. A run that was interrupted goes on when it is given again.
`run_annotate.py folder --help` tells the options.
"""

DATASET_NOTES = """Written: DIR/<format>/..., DIR/trust/<sequence>.csv (confidence and more of every mask),
DIR/report.html (what to look at first), DIR/sequences/<sequence>.json (there when the sequence is finished),
DIR/failed.csv.
Exit code: 0; 1 if sequences failed; 2 for what you can mend (options, a full disk, boxes of all sequences); 130 after
Ctrl-C.
"""

FOLDER_NOTES = """PATH holds sequences at any depth, or is one itself:
  <sequence>/{pictures or img/, groundtruth.txt}   a line x,y,w,h per frame (GOT-10k), nan or absence.label: absent
  <sequence>/{pictures, boxes.csv}                 frame,object,x,y,w,h; frames from 0, nan: absent, no row: not known
  <sequence>/{img1/, gt/gt.txt}                    MOTChallenge
  <sequence>/{one video, one of these box files}
  <sequence>/{images/ or one video, annotations.xml}   CVAT; also a LabelMe, YOLO or VOC file for each picture
  <clip>.mp4 or <clip>/ beside <clip>.txt, .csv, .xml, .json or .zip
or with --boxes FILE: a COCO, COCO-VID or YouTube-VIS json (frames below PATH), a YouTube-BoundingBoxes csv (videos
PATH/<youtube_id>.mp4, or folders of pictures named by their time in ms), or the boxes of the one sequence PATH.
More layouts: docs/annotation.md.

"""

VIDEO_NOTES = """boxes.txt has one x,y,w,h line per frame, in pixels (nan,nan,nan,nan where the object is absent);
boxes.csv has the header frame,object,x,y,w,h, frames counted from 0 and objects from 1. MOT, KITTI, VOT, and what
CVAT, Label Studio, LabelMe and YOLO export, as a file, folder or zip: docs/boxes.md.

Written: DIR/masks/<frame>.png (pixel value = object id), DIR/boxes.txt (the masks' own boxes; boxes_<id>.txt for
several objects), DIR/overlay.mp4, DIR/confidence.csv, DIR/given_boxes.csv. To look at it and mend it:
run_editor.py DIR.
"""


CVAT_NOTES = """example:
  python run_annotate.py cvat https://app.cvat.ai 1234 --user me --out task_masks

Login: --user, with the password asked for or in CVAT_PASSWORD; or an access token in CVAT_ACCESS_TOKEN. None is stored.
Sent: a mask for each frame and track; those of an object share a group from 2620001 on. Masks of an earlier run are
replaced, unless somebody edited them in CVAT; nothing else is changed or deleted. Needs pip install '.[cvat]'.
To mend masks before they are sent: --no-push, then run_editor.py DIR, then --only-push.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    raw = argparse.RawDescriptionHelpFormatter
    command = CommandLine(prog="run_annotate.py", description=__doc__, epilog=EXAMPLES, formatter_class=raw)
    command.add_argument(
        "--apply",
        metavar="DECISIONS.csv",
        type=Path,
        help="put the decisions into effect that report.html gave; needs --out",
    )
    command.add_argument(
        "--out", metavar="DIR", type=Path, help="with --apply: the folder that the masks were written to"
    )
    kinds = command.add_subparsers(dest="kind", metavar="WHAT")
    for name, known in DATASETS.items():
        text = known.description
        example = f"example:\n  python run_annotate.py {name} --out {name}_masks --dry-run\n\n"
        dataset = kinds.add_parser(
            name, help=text, description=f"Masks for {text}.", epilog=example + DATASET_NOTES, formatter_class=raw
        )
        add_window_options(dataset, PAPER_MODE)
        add_dataset_options(dataset)
        dataset.refuse_option("--boxes", f"{name} has its own boxes; yours go with run_annotate.py folder or video")
    folder = kinds.add_parser(
        "folder",
        help="your own frames and boxes",
        description="Masks for a folder of frames and boxes.",
        epilog=f"{FOLDER_NOTES}example:\n  python run_annotate.py folder my_clips --out my_masks\n\n{DATASET_NOTES}",
        formatter_class=raw,
    )
    folder.add_argument("path", metavar="PATH", type=Path, help="folder of sequences, or one sequence; see below")
    folder.add_argument(
        "--boxes", metavar="FILE", type=Path, help="one file that has the boxes (default: they lie with the frames)"
    )
    add_window_options(folder)
    add_dataset_options(folder)
    video = kinds.add_parser(
        "video",
        help="one video file or folder of frames",
        description="Turn boxes on the frames of one video into masks.",
        epilog=f"example:\n  python run_annotate.py video clip.mp4 --boxes boxes.txt --out clip_masks\n\n{VIDEO_NOTES}",
        formatter_class=raw,
    )
    video.add_argument("video", metavar="VIDEO", type=Path, help="a video file, or a folder of its frames as pictures")
    video.add_argument("--boxes", metavar="FILE", type=Path, help="its boxes; see below")
    video.add_argument(
        "--box",
        metavar="FRAME:x,y,w,h",
        action="append",
        default=[],
        help="the box of one frame, beside those of --boxes or in place of them; of several objects "
        "FRAME:OBJECT:x,y,w,h; FRAME is the name of a picture, or a number from 0; repeatable",
    )
    video.add_argument(
        "--mask",
        metavar="FRAME:FILE",
        action="append",
        default=[],
        help="the mask of one frame, painted or corrected: it is kept, and helps the frames around it; of several "
        "objects, where it is black and white, FRAME:OBJECT:FILE; repeatable",
    )
    video.add_argument(
        "--follow",
        action="store_true",
        help="frames beyond the last box, and gaps longer than --max-gap: a tracker follows the object from its mask "
        "before them, as run_tracker.py lwl box2mask_init does (default: they are left empty)",
    )
    video.add_argument(
        "--soft",
        action="store_true",
        help="also DIR/soft/<object>/<frame>.png: how much of each pixel is the object (0 to 255), for cut-outs with "
        "soft edges: run_export.py DIR --format cutout,alpha --soft",
    )
    add_window_options(video)
    add_cvat(kinds)
    for kind in (one for name, one in kinds.choices.items() if name not in ("video", "cvat")):
        kind.refuse_option(
            "--box",
            "is one box on the first frame: run_tracker.py lwl box2mask_init --video PATH --box x,y,w,h; here boxes of "
            "all frames come from --boxes FILE",
        )
    return command


def add_cvat(kinds: Any) -> None:
    """What a task of a CVAT server has."""
    cvat = kinds.add_parser(
        "cvat",
        help="box tracks of a task on a CVAT server",
        description="Turn the box tracks of a CVAT task into masks, and send them to the task.",
        epilog=CVAT_NOTES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cvat.add_argument("url", metavar="URL", help="the server, as https://app.cvat.ai")
    cvat.add_argument("task", metavar="TASK", type=int, help="number of the task")
    cvat.add_argument("--user", metavar="NAME", help="asks for the password (default: an access token, see below)")
    push = cvat.add_mutually_exclusive_group()
    push.add_argument("--no-push", action="store_true", help="make the masks, send nothing")
    push.add_argument("--only-push", action="store_true", help="send the masks that are in --out, make none")
    add_window_options(cvat, needs_out=False)


def _follower(prepared: PreparedBoxes, net: Box2MaskNet) -> Follow:
    """Follows objects with LWL-lite; built when boxes and options are found right, since it imports the host."""
    print(f"host: {host.resolve()}", flush=True)
    from tracker_ext.parameter.lwl import box2mask_init
    from tracker_ext.tracker.following import Follower

    params = box2mask_init.parameters()
    params.parts = replace(params.parts, box_net=net)
    return Follower(lambda: box2mask_init.TRACKER_CLASS(params), prepared)


def main(arguments: list[str] | None = None) -> int:
    """Parse and call; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] not in (*DATASETS, "folder", "video", "cvat") and Path(arguments[0]).exists():
        raise UserError(f"{arguments[0]}: say first what it is: run_annotate.py video or run_annotate.py folder")
    args = parser().parse_args(join_boxes(arguments) if arguments[:1] == ["video"] else arguments)
    if args.apply is None and args.kind == "video":
        return annotate_one_video(args, _follower)
    if args.apply is None and args.kind == "cvat":
        from tracker_ext.annotation.cvat_command import annotate_cvat

        return annotate_cvat(args)
    if args.apply is None and args.kind is not None:
        return annotate_dataset(args, arguments)
    if args.kind is None and args.apply is not None and args.out is None:
        raise UserError(f"--apply {args.apply}: needs --out DIR, the output folder of the data set")
    if args.kind is not None or args.apply is None:
        raise UserError("nothing to do: name a data set, folder or video, or give --apply FILE --out DIR; see --help")
    print(apply_review(args.out, args.apply))
    return 0
