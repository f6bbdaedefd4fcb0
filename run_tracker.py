"""Run a tracker on a data set, or on a video of your own."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ltr_ext import host
from ltr_ext.errors import CommandLine, UserError, run_command
from ltr_ext.paths import load_paths
from tracker_ext.video.box_argument import corners_note, first_boxes, join_boxes, parse_box
from tracker_ext.video.clip_writer import refuse_loss
from tracker_ext.video.frames import open_frames

EXIT_FAILED = 1
EXAMPLES = """examples:
  python run_tracker.py lwl box2mask_init demo
  python run_tracker.py lwl box2mask_init got10k_val --threads 4
  python run_tracker.py lwl box2mask_init dv2017_val --sequence blackswan
  python run_tracker.py lwl box2mask_init demo --visdom localhost:8097
  python run_tracker.py lwl box2mask_init --video clip.mp4 --box 120,80,60,140 --out clip_masks
"""

if __name__ == "__mp_main__":  # a spawned worker
    host.resolve()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = CommandLine(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("tracker", help="tracker, for example lwl")
    command.add_argument(
        "parameter", help="parameter module: of lwl, box2mask_init starts from a box, default from a mask"
    )
    command.add_argument("dataset", nargs="?", help="data set, for example demo, got10k_val, dv2017_val")
    command.add_argument("--sequence", metavar="S", help="only this sequence (name, or number from 0)")
    command.add_argument("--video", metavar="PATH", help="a video file or a folder of frames, instead of a data set")
    command.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="x,y,w,h",
        help="object on the first frame of the video, in pixels; once per object",
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
        "--visdom",
        nargs="?",
        const="localhost:8097",
        metavar="SERVER:PORT",
        help="show frame, masks, boxes and scores while tracking, on a visdom server that runs already (python -m "
        "visdom.server); without SERVER:PORT, which only the end of the line allows, localhost:8097",
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
    if (args.dataset is None) == (args.video is None):
        raise UserError("data set or video: give one of the two; see --help")
    if args.video is None and args.box:
        raise UserError(f"--box {args.box[0]}: goes with --video; a data set has its own boxes")
    if args.threads < 0:
        raise UserError(f"--threads {args.threads}: must be 0 or more")
    boxes = [parse_box(text) for text in args.box]
    if args.visdom:
        from tracker_ext.tracker.live_view import LiveView

        print(f"live view: {LiveView(args.visdom).page}")
    print(f"host: {host.resolve(args.host)}")
    return run_on_dataset(args) if args.video is None else run_on_video(args, boxes)


def run_on_dataset(args: argparse.Namespace) -> int:
    """Track the sequences that have no results yet, then report; 1 if a sequence failed, 2 if the user can mend all."""
    if args.threads:  # before torch is imported here or in a worker
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // args.threads)))
    from tracker_ext import tracker_handle
    from tracker_ext.evaluation.run_record import note_run
    from tracker_ext.evaluation.sequences import load_sequences

    out = Path(args.out) if args.out else load_paths().results_dir
    # What can be wrong is said before the parameter module imports torch, which takes seconds.
    tracker_handle.check_names(args.tracker, args.parameter)
    sequences = load_sequences(args.dataset, args.sequence)
    refuse_unwritable(out)
    tracker = tracker_handle.TrackerHandle(args.tracker, args.parameter, args.runid, out=out)
    tracker.live_view = args.visdom
    tracker.precision = None if args.precision == "auto" else args.precision
    facts = describe(tracker)
    writable_folder(out)
    results = Path(tracker.results_dir)
    done = [sequence.name for sequence in sequences if tracker_handle.has_results(tracker, sequence)]
    if done and not args.debug:
        print(f"{len(done)} of {len(sequences)} sequences have results in {results} already, and keep them")
        compare_with_earlier(results, done, facts, args.precision)
    try:
        failures = tracker_handle.run(tracker, sequences, debug=args.debug, threads=args.threads)
    finally:
        if not args.debug:
            fresh = [one.name for one in sequences if one.name not in done and tracker_handle.has_results(tracker, one)]
            note_run(results, facts, fresh)
    if args.debug:
        return 0
    print(f"boxes: {tracker.results_dir}\nmasks: {tracker.segmentation_dir}")
    failed = {failure.sequence for failure in failures}
    finished = [sequence for sequence in sequences if sequence.name not in failed]
    if not args.no_report and finished and all(has_ground_truth(sequence) for sequence in finished):
        from tracker_ext.evaluation.protocols import protocol_of
        from tracker_ext.evaluation.report import report_run

        entry = Path(tracker.results_dir).name
        folder = out / "reports" / f"{args.tracker}_{entry}_{args.dataset}"
        masks, label = Path(tracker.segmentation_dir), f"{args.tracker} {entry}"
        report_run(finished, masks, Path(tracker.results_dir), folder, label, protocol_of(args.dataset))
    for failure in failures:
        print(f"failed: {failure.sequence}: {failure.message}", file=sys.stderr)
    if failures and all(failure.user for failure in failures):
        raise UserError(f"{len(failures)} of {len(sequences)} sequences failed: {failures[0].message}")
    return EXIT_FAILED if failures else 0


def run_on_video(args: argparse.Namespace, boxes: list[tuple[float, float, float, float]]) -> int:
    """Hand a video and its boxes to the tracker; 1 if frames could not be read."""
    if not boxes:
        raise UserError("--video: needs the object on the first frame, as --box x,y,w,h")
    out = Path(args.out) if args.out else load_paths().results_dir / "video" / Path(args.video).stem
    from tracker_ext import tracker_handle

    # What can be wrong is said before the parameter module imports torch, which takes seconds.
    tracker_handle.check_names(args.tracker, args.parameter)
    video = Path(args.video)
    source = open_frames(video, upright=True)
    first_boxes(boxes, source, video)
    refuse_unwritable(out)
    refuse_loss(out, [video])
    for note in filter(None, (corners_note(box, source.size) for box in boxes)):
        print(f"note: {note}", file=sys.stderr)
    from tracker_ext.tracker.track_video import track_video

    tracker = tracker_handle.TrackerHandle(args.tracker, args.parameter, args.runid)
    tracker.live_view = args.visdom
    tracker.precision = None if args.precision == "auto" else args.precision
    facts = describe(tracker)
    with tracker.watching(video.stem):
        damage = track_video(tracker, video, boxes, out, facts)
    if damage:
        print(f"damaged: {damage}", file=sys.stderr)
    return EXIT_FAILED if damage else 0


def has_ground_truth(sequence: Any) -> bool:
    """Whether there is a box for every frame; test sets have the first only."""
    boxes = sequence.ground_truth_rect
    tracks = list(boxes.values()) if isinstance(boxes, dict) else [boxes]
    return all(len(track) == len(sequence.frames) for track in tracks)


def compare_with_earlier(results: Path, done: list[str], facts: dict[str, Any], precision: str) -> None:
    """Say where sequences that keep their results were tracked with something else than the rest will be.

    Raises:
        UserError: with another precision than the one asked for.
    """
    from tracker_ext.evaluation.run_record import differences

    for fact in ("weights", "device", "precision"):
        for other in differences(results, done, facts, fact):
            if fact == "precision" and precision != "auto":
                raise UserError(f"--precision {precision}: {results} has {other}; give another --runid or --out")
            print(f"note: {other}, those of this run differ")


def describe(tracker: Any) -> dict[str, Any]:
    """Say which tracker, which weights, which device and which precision, and return it for the record.

    Raises:
        UserError: weights are missing; nothing is done yet.
    """
    from ltr_ext.weights import file_hash

    params = tracker.get_parameters()
    kind = tracker.tracker_class
    print(f"tracker: {tracker.name} {tracker.parameter_name} ({kind.__module__}.{kind.__qualname__})")
    weights = {Path(path).name: file_hash(path) for path in params.get("weights", ())}
    for path in params.get("weights", ()):
        print(f"weights: {path} (sha256 {weights[Path(path).name]})")
    device = str(params.get("device", "cuda" if params.get("use_gpu", False) else "cpu"))
    # a tracker without a choice works in what PyTorch and NumPy do unasked
    precision = getattr(params.get("lwl", None), "precision", "fp32")
    print(f"device: {device}\nprecision: {precision}", flush=True)
    return {
        "tracker": f"{tracker.name} {tracker.parameter_name}",
        "weights": weights,
        "device": device,
        "precision": precision,
    }


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that cannot be made, without making it.

    Raises:
        UserError: a file is in its way, or the folder that it would lie in may not be written to.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UserError(f"--out {folder}: {there} is a file; name another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"--out {folder}: cannot be written to ({there} is read-only to you); name another folder")


def writable_folder(folder: Path) -> Path:
    """Make the folder if need be.

    Raises:
        UserError: it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".probe").touch()
        (folder / ".probe").unlink()
    except OSError as error:
        raise UserError(f"--out {folder}: cannot be written to ({error.strerror}); name another folder") from error
    return folder


if __name__ == "__main__":
    sys.exit(run_command(main))
