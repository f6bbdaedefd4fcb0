"""The report of a run: table beside the baselines, overlay videos, contact sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from ltr_ext.data.image_io import read_image
from ltr_ext.data.mask_io import read_mask
from ltr_ext.device import peak_memory
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.output import OutputFolder
from ltr_ext.progress import Progress
from ltr_ext.text import size
from tracker_ext.evaluation.baselines import GRABCUT_ITERATIONS, GRABCUT_MAX_WIDTH
from tracker_ext.evaluation.comparison import compare
from tracker_ext.evaluation.plots import write_plots
from tracker_ext.evaluation.protocols import CLIPS, Protocol, frames_with_masks, truth_notes
from tracker_ext.evaluation.results import ClipSequence, StoredResult, found_results, true_boxes
from tracker_ext.evaluation.scoring import Score, left_out, mean_score, score_box_oracle, score_grabcut, score_stored
from tracker_ext.evaluation.segmented import score_box2mask
from tracker_ext.evaluation.tables import format_table, write_tables
from tracker_ext.segmentation.config import AnnotateConfig
from tracker_ext.video.overlay import OverlayVideo, Tile, contact_sheet, draw_overlay, evenly_spaced

T = TypeVar("T")

BOX_ORACLE = "box oracle (all boxes)"
GRABCUT = "GrabCut (all boxes)"
GRABCUT_BUDGET = 50
"""GrabCut is slow: about this many (frame, object) pairs are cut in all, but 2 to 10 frames of each sequence."""
MAX_SHOWN_SEQUENCES = 16
"""Overlays and contact sheet show the first sequences of a data set only."""
SHEET_COLUMNS = 5
MAX_RESULT_NOTES = 3


def report_run(
    dataset: Sequence[ClipSequence],
    masks_root: Path,
    boxes_root: Path,
    out: Path,
    label: str,
    protocol: Protocol = CLIPS,
) -> None:
    """Score stored results, print the table and write everything worth looking at.

    `<out>/table.{md,csv,tex,json}`, `<out>/overlay/<seq>.mp4`, `<out>/contact_sheet.png`; of boxes also
    `<out>/success_plot.*`, `<out>/precision_plot.*` (see `write_plots`).

    Args:
        dataset: the host's sequences.
        masks_root: predicted id masks, `<seq>/<frame stem>.png`.
        boxes_root: the host's result files, `<seq>[_<id>].txt`, `<seq>[_<id>]_time.txt`.
        out: folder for the report.
        label: what the run is called in the table.
        protocol: the data set's rules.

    Raises:
        UserError: results are missing or damaged, or `out` cannot be written.
    """
    stored, missing = found_results(dataset, Path(masks_root), Path(boxes_root))
    with OutputFolder(out) as work:
        own = [score_stored(result, label, protocol) for result in _progress(stored, "scoring")]
        scores, notes = with_baselines([result.sequence for result in stored], own, label, protocol=protocol)
        notes += [*missing, *truth_notes(dataset), *left_out(own, label), *result_notes(stored)]
        write_tables(work, scores, notes, label)
        write_pictures(work, stored[:MAX_SHOWN_SEQUENCES], label)
        plots = write_plots(work, {label: stored}, protocol)
    files = ["table.md", "table.csv", "table.tex", "table.json", "overlay/", "contact_sheet.png", *plots]
    print(f"\n{format_table(scores, notes)}\nreport: {out} ({', '.join(files)})")


def report_runs(
    dataset: Sequence[ClipSequence],
    runs: Mapping[str, tuple[Path, Path]],
    out: Path | None = None,
    protocol: Protocol = CLIPS,
) -> None:
    """Compare several runs on the sequences that all of them have.

    A row per sequence and run, a row of means each; then the first run against each other one (`compare`); the curves
    of all in one plot.

    Args:
        dataset: the host's sequences.
        runs: name -> (masks_root, boxes_root).
        out: folder for `table.{md,csv,tex,json}`, `comparison.{md,csv,tex}` and the plots; None for none.
        protocol: the data set's rules.

    Raises:
        UserError: as `report_run`; or the runs have no sequence in common.
    """
    found = {name: found_results(dataset, *roots) for name, roots in runs.items()}
    names = [{result.sequence.name for result in results} for results, _ in found.values()]
    common = set.intersection(*names)
    if not common:
        raise UserError(f"results {', '.join(runs)}: have no sequence in common; give results of the same data set")
    stored = {name: [one for one in results if one.sequence.name in common] for name, (results, _) in found.items()}
    rows = {
        name: [score_stored(result, name, protocol) for result in _progress(results, name)]
        for name, results in stored.items()
    }
    means = [mean_score(scores, name, protocol) for name, scores in rows.items()]
    scores = [score for line in zip(*rows.values(), strict=True) for score in line] + means
    notes = score_notes(scores, protocol) + truth_notes(dataset)
    notes += [f"{name}: {note}" for name, (_, missing) in found.items() for note in missing]
    if len(common) < max(map(len, names)):
        notes.append(f"compared on the {len(common)} sequences that all of them have")
    notes += [note for name, own in rows.items() for note in left_out(own, name)]
    notes += [f"{name}: {note}" for name, results in stored.items() for note in result_notes(results)]
    if any(frames_with_masks(sequence) for sequence in dataset):
        notes += [
            f"{name}: no masks in {runs[name][0]}, so no J and F; put them into {runs[name][1]}/masks"
            for name, results in stored.items()
            if not any(result.has_masks() for result in results)
        ]
    grid = compare(rows)
    print(f"\n{format_table(scores, notes)}\n{grid.markdown()}")
    if out is not None:
        with OutputFolder(out) as work:
            write_tables(work, scores, notes, ", ".join(runs))
            grid.write(work, "comparison")
            plots = write_plots(work, stored, protocol)
        files = ["table.md", "table.csv", "table.tex", "table.json", "comparison.md, .csv, .tex", *plots]
        print(f"report: {out} ({', '.join(files)})")


def result_notes(stored: Sequence[StoredResult]) -> list[str]:
    """What is not counted of stored masks and what they lack: at most `MAX_RESULT_NOTES` notes."""
    notes = [note for result in stored if frames_with_masks(result.sequence) for note in result.notes()]
    more = len(notes) - MAX_RESULT_NOTES
    return notes[:MAX_RESULT_NOTES] + ([f"{more} more notes of this kind"] if more > 0 else [])


def score_notes(scores: Sequence[Score], protocol: Protocol) -> list[str]:
    """The rules that the numbers follow, a sentence for masks and one for boxes."""
    notes = [protocol.mask_note] if any(not np.isnan(score.j) for score in scores) else []
    return notes + ([protocol.box_note] if any(not np.isnan(score.ao) for score in scores) else [])


def report_from_boxes(
    dataset: Sequence[ClipSequence],
    net: Box2MaskNet | None,
    config: AnnotateConfig,
    out: Path | None = None,
    grabcut_frames: int | None = None,
    protocol: Protocol = CLIPS,
) -> None:
    """Print what the true boxes give: by box2mask, by GrabCut, and by themselves.

    Args:
        dataset: the host's sequences.
        net: a box2mask network; None for the baselines alone.
        config: how it is run.
        out: `<out>/table.*` are written if given.
        grabcut_frames: see `with_baselines`.
        protocol: the data set's rules.

    Raises:
        UserError: the data set has no masks to score, or `out` cannot be written.
    """
    if not any(path for sequence in dataset for path in sequence.ground_truth_seg or []):
        raise UserError("data set: no ground-truth masks, so masks of its boxes cannot be scored; give --results")
    label = f"box2mask, T = {config.num_frames}, {config.mode} (all boxes)" if net else ""
    own, note = _segment(dataset, net, config, label, protocol) if net else ([], "")
    scores, notes = with_baselines(dataset, own, label, grabcut_frames, protocol)
    notes += [*([note] if note else []), *left_out(own, label)]
    if out is not None:
        with OutputFolder(out) as work:
            write_tables(work, scores, notes, label or "baselines")
    print(f"\n{format_table(scores, notes)}")
    if out is not None:
        print(f"report: {out}")


def _segment(
    dataset: Sequence[ClipSequence], net: Box2MaskNet, config: AnnotateConfig, label: str, protocol: Protocol
) -> tuple[list[Score], str]:
    """Run box2mask on the true boxes: a score per sequence, and a note on conditions, speed and memory."""
    scores, masks, seconds = [], 0, 0.0
    for sequence in _progress(dataset, "box2mask"):
        score, segmented = score_box2mask(sequence, net, config, label, protocol)
        scores.append(score)
        masks, seconds = masks + segmented.num_masks, seconds + segmented.seconds
    return scores, (
        f"{label}: D = {config.interval}; fps of the frames that show an object, includes reading; in all "
        f"{masks / max(seconds, 1e-9):.1f} masks/s, peak memory {size(peak_memory())}"
    )


def with_baselines(
    dataset: Sequence[ClipSequence],
    own: Sequence[Score],
    label: str,
    grabcut_frames: int | None = None,
    protocol: Protocol = CLIPS,
) -> tuple[list[Score], list[str]]:
    """Put the baselines beside a run.

    Args:
        dataset: the host's sequences.
        own: the run's score of each sequence, in the same order; empty for none.
        label: the run's name.
        grabcut_frames: frames of a sequence that GrabCut is run on; 0: it is left out; None for as many as
            take a minute or so.
        protocol: the data set's rules.

    Returns:
        (rows: for each sequence the run and the baselines, then the means; notes that explain them).
    """
    objects = sum(len(true_boxes(sequence)) for sequence in dataset)
    max_frames = int(np.clip(GRABCUT_BUDGET // max(objects, 1), 2, 10)) if grabcut_frames is None else grabcut_frames
    columns: dict[str, list[Score | None]] = {label: list(own)} if own else {}
    columns[BOX_ORACLE] = [score_box_oracle(sequence, BOX_ORACLE, protocol) for sequence in dataset]
    if max_frames:
        columns[GRABCUT] = [
            score_grabcut(sequence, GRABCUT, max_frames, protocol) for sequence in _progress(dataset, "GrabCut")
        ]
    rows = [score for line in zip(*columns.values(), strict=True) for score in line if score is not None]
    for method, scores in columns.items():
        known = [score for score in scores if score is not None]
        if known:
            rows.append(mean_score(known, method, protocol))
    notes = score_notes(rows, protocol)
    if any(score.method == BOX_ORACLE for score in rows):
        explained = [f"{BOX_ORACLE}: the filled ground-truth box of every frame; a tracker is given the first box only"]
        if max_frames:
            explained.append(
                f"{GRABCUT}: cv2.grabCut from the ground-truth box, {GRABCUT_ITERATIONS} iterations, at most "
                f"{GRABCUT_MAX_WIDTH} pixels wide, on at most {max_frames} evenly spaced frames of a sequence; fps of "
                "one core"
            )
        notes[1:1] = explained
    return rows, notes


def write_pictures(folder: Path, stored: Sequence[StoredResult], label: str) -> None:
    """Write `overlay/<seq>.mp4` and `contact_sheet.png` of stored results into an existing folder."""
    (folder / "overlay").mkdir()
    rows: dict[str, list[Tile]] = {}
    for result in _progress(stored, "overlays"):
        sequence = result.sequence
        boxes, truth = result.boxes() if result.has_boxes() else {}, sequence.ground_truth_seg
        chosen = set(evenly_spaced(len(sequence.frames), SHEET_COLUMNS))
        tiles = rows.setdefault(sequence.name, [])
        video: OverlayVideo | None = None
        try:
            for index, path in enumerate(sequence.frames):
                frame = read_image(path)
                labels = result.labels(index) if result.has_mask(index) else None
                if labels is not None and labels.shape != frame.shape[:2]:
                    raise UserError(
                        f"sequence {sequence.name}, frame {Path(path).stem}: mask of "
                        f"{labels.shape[1]}x{labels.shape[0]} pixels, frame of {frame.shape[1]}x{frame.shape[0]}; make "
                        "them equal"
                    )
                here = {object_id: track[index] for object_id, track in boxes.items()}
                video = video or OverlayVideo(folder / "overlay" / f"{sequence.name}.mp4", frame.shape[:2])
                video.add(draw_overlay(frame, labels, here))
                if index in chosen:
                    mask = truth[index] if truth else None
                    true_labels = read_mask(mask) if mask else None
                    tiles.append(
                        Tile(frame=frame, predicted=labels, truth=true_labels, boxes=here, caption=Path(path).stem)
                    )
        finally:
            if video is not None:
                video.close()
    sheet = contact_sheet(rows, label)
    cv2.imwrite(str(folder / "contact_sheet.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _progress(items: Sequence[T], what: str) -> Iterable[T]:
    """A progress bar that goes away when it is done."""
    return Progress(items, desc=what, leave=False)
