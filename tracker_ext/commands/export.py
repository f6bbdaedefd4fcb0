"""Bring masks into the formats of other programs: COCO, YOLO, cut-out objects, animated GIF and more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ltr_ext.errors import CommandLine, UserError

EXIT_FAILED = 1
EXAMPLES = """examples:
  python run_export.py clip_masks --format coco,yolo-seg --out clip_export
  python run_export.py clip_masks --format gif,cutout --frames clip.mp4 --out clip_export
  python run_export.py clip_masks --play
  python run_export.py clip_masks --format cutout,alpha --soft --out cut_out
  python run_export.py my_masks --format yolo-seg --label person --out for_training
  python run_export.py results --format binary --clip bear --objects 1,3 --out black_and_white
"""
NOTES = """RESULT is the output of run_annotate.py (one video, a folder or a data set) or of run_tracker.py, or any
folder of id masks as PNG, in DAVIS layout or another. Written: DIR/<format>/...; an earlier export there is replaced,
files of yours are not. What each format is, and what it can hold: docs/export.md.
Exit code: 0; 1 if frames could not be read; 2 for what you can mend; 130 after Ctrl-C.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    from tracker_ext.export.formats import FORMATS

    formats = "".join(f"  {name:<15}{kind.summary}\n" for name, kind in FORMATS.items())
    command = CommandLine(
        prog="run_export.py",
        description=__doc__,
        epilog=f"formats:\n{formats}\n{EXAMPLES}\n{NOTES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("result", metavar="RESULT", type=Path, help="folder with the masks")
    command.add_argument(
        "--format", metavar="NAME", action="append", default=[], help="one of those below; several with commas"
    )
    command.add_argument("--out", metavar="DIR", type=Path, help="folder for what is written")
    command.add_argument(
        "--play",
        action="store_true",
        help="show the masks over the frames in a window instead (space: halt; , and . : a frame back and on; n: next "
        "clip; q: end); as a film: --format overlay",
    )
    command.add_argument(
        "--frames",
        metavar="PATH",
        type=Path,
        help="the video or the folder of pictures that the masks were made from; of several clips, a folder with a "
        "folder or video of the name of each (default: as far as the result knows them)",
    )
    command.add_argument(
        "--extract-frames", action="store_true", help="of videos, write the frames as JPEG where a format has pictures"
    )
    command.add_argument("--clip", metavar="NAME", action="append", default=[], help="only this clip; repeatable")
    command.add_argument("--objects", metavar="IDS", help="only these objects, as 1,3")
    command.add_argument(
        "--label",
        metavar="NAME",
        action="append",
        default=[],
        help="class of the objects (default: object); of one of them ID=NAME, repeatable",
    )
    command.add_argument(
        "--polygons", action="store_true", help="coco, cvat: polygons instead of masks, which hold every pixel"
    )
    command.add_argument(
        "--simplify",
        metavar="PIXELS",
        type=float,
        default=0.0,
        help="polygons with fewer corners, moved by so much at most; 1 suits editing by hand (default 0: exact)",
    )
    command.add_argument(
        "--soft",
        action="store_true",
        help="cutout, alpha: soft edges, as far as the result was made with run_annotate.py video ... --soft",
    )
    command.add_argument(
        "--gif-width", metavar="PIXELS", type=int, default=480, help="widest a GIF may be (default %(default)s)"
    )
    return command


def play_result(result: Path, frames: Path | None, clips: list[str], objects: tuple[int, ...]) -> int:
    """Show a result in a window; returns the exit code."""
    from tracker_ext.export.clips import find_masks
    from tracker_ext.export.play import KEYS, play
    from tracker_ext.video.screen import Screen

    find_masks(result)  # what is wrong with it is said before a window opens
    screen = Screen(result.resolve().name, "--play", "--format overlay --out DIR writes a film")
    print(KEYS)
    try:
        play(result, screen, frames, clips, objects)
    finally:
        screen.close()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Parse, check, export; returns the exit code."""
    args = parser().parse_args(arguments)
    if not 0 <= args.simplify < 1000:
        raise UserError(f"--simplify {args.simplify}: must be 0 or more, in pixels")
    if not 8 <= args.gif_width <= 8192:
        raise UserError(f"--gif-width {args.gif_width}: must be 8 to 8192")
    if args.play and (args.format or args.out):
        raise UserError("--play: shows and writes nothing; leave --format and --out away, or write a film with them")
    if not args.play and args.out is None:
        raise UserError("--out: is missing; name the folder for what is written, or show the masks with --play")
    from tracker_ext.export.command import ExportRequest, export, parse_labels, parse_objects
    from tracker_ext.export.formats import ExportOptions

    objects = parse_objects(args.objects) if args.objects else ()
    if args.play:
        return play_result(args.result, args.frames, args.clip, objects)
    request = ExportRequest(
        result=args.result,
        out=args.out,
        formats=tuple(
            dict.fromkeys(name.strip() for entry in args.format for name in entry.split(",") if name.strip())
        ),
        frames=args.frames,
        clips=tuple(args.clip),
        objects=objects,
        soft=args.soft,
        options=ExportOptions(
            polygons=args.polygons,
            simplify=args.simplify,
            extract_frames=args.extract_frames,
            gif_width=args.gif_width,
            **parse_labels(args.label),
        ),
    )
    damage = export(request)
    for line in damage:
        print(f"damaged: {line}", file=sys.stderr)
    return EXIT_FAILED if damage else 0
