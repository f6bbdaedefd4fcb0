"""The work of `run_tracker.py` after its command line is parsed: it tracks a data set or a video."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ltr_ext.digest import file_hash
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from tracker_ext.segmentation.prompts import check_prompts, mask_files, read_prompts
from tracker_ext.video.box_argument import corners_note, parse_box
from tracker_ext.video.clip_writer import refuse_loss
from tracker_ext.video.frames import open_frames

EXIT_FAILED = 1


def run_on_dataset(args: argparse.Namespace) -> int:
    """Track the sequences that have no results yet, then write the report.

    Returns:
        The exit code: 0, or 1 if a sequence failed.

    Raises:
        UserError: the command line names something that does not exist, or all failures can be mended by the user.
    """
    if args.threads:  # must be set before torch is imported here or in a worker
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // args.threads)))
    from tracker_ext import tracker_handle
    from tracker_ext.evaluation.sequences import load_sequences

    out = Path(args.out) if args.out else load_paths().results_dir
    # Mistakes are reported before the parameter module imports torch, which takes seconds.
    tracker_handle.check_names(args.tracker, args.parameter)
    sequences = load_sequences(args.dataset, args.sequence)
    refuse_unwritable(out)
    tracker = chosen_tracker(args, out)
    facts = describe(tracker)
    failures = track_sequences(tracker, sequences, args, out, facts)
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


def track_sequences(
    tracker: Any, sequences: list[Any], args: argparse.Namespace, out: Path, facts: dict[str, Any]
) -> list[Any]:
    """Track the sequences that have no results yet, and record with what they were tracked.

    Args:
        tracker: a `TrackerHandle`.
        sequences: the sequences of the data set.
        args: the parsed command line; `debug`, `threads` and `precision` are used.
        out: the folder of the results.
        facts: see `note_run`.

    Returns:
        A `Failure` of `tracker_handle` for each sequence that failed.
    """
    from tracker_ext import tracker_handle
    from tracker_ext.evaluation.run_record import note_run

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
    return failures


def run_on_video(args: argparse.Namespace) -> int:
    """Track objects in a video.

    Returns:
        The exit code: 0, or 1 if frames could not be read.

    Raises:
        UserError: there is no box or mask, or see `read_prompts` and `track_video`.
    """
    if not args.box and not args.mask:
        raise UserError(
            "--video: needs the object on the first frame, as --box x,y,w,h; or on any, as --box FRAME:x,y,w,h or "
            "--mask FRAME:FILE"
        )
    out = Path(args.out) if args.out else load_paths().results_dir / "video" / Path(args.video).stem
    from tracker_ext import tracker_handle

    # Mistakes are reported before the parameter module imports torch, which takes seconds.
    tracker_handle.check_names(args.tracker, args.parameter)
    video = Path(args.video)
    source = open_frames(video, upright=True)
    prompts = read_prompts(args.box, args.mask, source, plain_is_first=True)
    check_prompts(prompts, source.size, f"video {video}")
    refuse_unwritable(out)
    files = mask_files(args.mask)
    refuse_loss(out, [video, *files])
    boxes = [box.tolist() for given in prompts.boxes.values() for box in given.values()]
    for note in (*prompts.notes, *filter(None, (corners_note(box, source.size) for box in boxes))):
        print(f"note: {note}", file=sys.stderr)
    from tracker_ext.tracker.track_video import track_video

    tracker = chosen_tracker(args)
    facts = describe(tracker)
    with tracker.watching(video.stem):
        damage = track_video(tracker, video, prompts, out, facts, files)
    if damage:
        print(f"damaged: {damage}", file=sys.stderr)
    return EXIT_FAILED if damage else 0


def run_on_camera(args: argparse.Namespace) -> int:
    """Track objects before a camera.

    Returns:
        The exit code, 0.

    Raises:
        UserError: there is no camera, or no window where one is needed; see `track_camera`.
    """
    from tracker_ext import tracker_handle

    tracker_handle.check_names(args.tracker, args.parameter)
    out = Path(args.out) if args.out else None
    if out is not None:
        refuse_unwritable(out)
        refuse_loss(out, [])
    from tracker_ext.tracker.track_camera import KEYS, track_camera
    from tracker_ext.video.camera import Camera
    from tracker_ext.video.screen import Screen

    view: Screen | None = None
    try:
        view = Screen(f"webcam {args.webcam}", "--webcam", "give --box x,y,w,h and --out DIR, to do without")
    except UserError as error:
        if not args.box or out is None:
            raise
        print(f"note: {error}; Ctrl-C ends", file=sys.stderr)
    camera = Camera(args.webcam)
    try:
        tracker = chosen_tracker(args)
        facts = describe(tracker)
        if view is not None:
            print(KEYS, flush=True)
        with tracker.watching(camera.name):
            track_camera(tracker, camera, [parse_box(text) for text in args.box], view, out, facts)
    finally:
        camera.close()
        if view is not None:
            view.close()
    return 0


def chosen_tracker(args: argparse.Namespace, out: Path | None = None) -> Any:
    """Make the `TrackerHandle` that the command line describes; `out` as there."""
    from tracker_ext.tracker_handle import TrackerHandle

    tracker = TrackerHandle(args.tracker, args.parameter, args.runid, out=out)
    tracker.live_view = args.visdom
    tracker.weights = tuple(Path(path) for path in args.weights)
    tracker.precision = None if args.precision == "auto" else args.precision
    return tracker


def has_ground_truth(sequence: Any) -> bool:
    """Whether a sequence has a box for every frame; those of test sets have only the first."""
    boxes = sequence.ground_truth_rect
    tracks = list(boxes.values()) if isinstance(boxes, dict) else [boxes]
    return all(len(track) == len(sequence.frames) for track in tracks)


def compare_with_earlier(results: Path, done: list[str], facts: dict[str, Any], precision: str) -> None:
    """Note if the sequences that keep their results were tracked with other weights, device or precision.

    Raises:
        UserError: the precision differs from the one that the command line demands.
    """
    from tracker_ext.evaluation.run_record import differences

    for fact in ("weights", "device", "precision"):
        for other in differences(results, done, facts, fact):
            if fact == "precision" and precision != "auto":
                raise UserError(f"--precision {precision}: {results} has {other}; give another --runid or --out")
            print(f"note: {other}, those of this run differ")


def describe(tracker: Any) -> dict[str, Any]:
    """Print the tracker, its weights, device and precision, and return them for the record of the run.

    Raises:
        UserError: weights are missing.
    """
    params = tracker.get_parameters()
    kind = tracker.tracker_class
    print(f"tracker: {tracker.name} {tracker.parameter_name} ({kind.__module__}.{kind.__qualname__})")
    weights = {Path(path).name: file_hash(path) for path in params.get("weights", ())}
    for path in params.get("weights", ()):
        print(f"weights: {path} (sha256 {weights[Path(path).name]})")
    device = str(params.get("device", "cuda" if params.get("use_gpu", False) else "cpu"))
    # A tracker without such an option uses the default precision of PyTorch and NumPy.
    precision = getattr(params.get("parts", None), "precision", "fp32")
    print(f"device: {device}\nprecision: {precision}", flush=True)
    return {
        "tracker": f"{tracker.name} {tracker.parameter_name}",
        "weights": weights,
        "device": device,
        "precision": precision,
    }


def refuse_unwritable(folder: Path) -> None:
    """Refuse a folder that cannot be made; nothing is made yet.

    Raises:
        UserError: its path leads through a file, or the nearest existing folder may not be written to.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise UserError(f"--out {folder}: {there} is a file; name another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"--out {folder}: cannot be written to ({there} is read-only to you); name another folder")


def writable_folder(folder: Path) -> Path:
    """Make the folder if it does not exist, and check that it can be written to.

    Raises:
        UserError: it cannot be made or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".probe").touch()
        (folder / ".probe").unlink()
    except OSError as error:
        raise UserError(f"--out {folder}: cannot be written to ({error.strerror}); name another folder") from error
    return folder
