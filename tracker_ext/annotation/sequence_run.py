"""One sequence of a job: from its boxes to its manifest, whole or not at all."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ltr_ext.data.decisions import Decision
from ltr_ext.data.trust_table import Trust, TrustRow, write_trust
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.output import remove
from ltr_ext.text import one_line, printable
from tracker_ext.annotation.commit import LOG, WORK_FOLDER, commit, finish_or_remove
from tracker_ext.annotation.formats import FORMATS, SequenceInfo, SequenceWriter
from tracker_ext.annotation.formats.base import CannotHoldError
from tracker_ext.annotation.inputs import describe_inputs
from tracker_ext.annotation.job import AnnotationJob, is_output_error
from tracker_ext.annotation.lock import LOCKS_FOLDER, SequenceLock
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.review.preview import PreviewCollector, write_preview
from tracker_ext.annotation.review.trust import TrustMeter
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, mask_stems
from tracker_ext.segmentation.confidence import Calibration, confidence_manifest
from tracker_ext.segmentation.prefetch import DEPTH, Behind, ahead
from tracker_ext.segmentation.prepare import PreparedBoxes, boxed_rows, prepare
from tracker_ext.segmentation.segment import FrameMasks, annotate
from tracker_ext.video.frames import Pictures, VideoFrames

BRIEFLY = 0.2
"""Seconds; who looks whether a lock is left over holds it for a moment."""

WAITING_BYTES = 512e6
"""Of the logits that wait to be written."""

Status = Literal["made", "done", "busy", "failed", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """What came of a sequence."""

    name: str
    status: Status
    """made: now; done: before; busy: another run is at it; failed: by itself; stopped: nothing can be written."""
    reason: str = ""
    """One line for failed and stopped."""
    mistake: bool = False
    """Whether a failure is one of what was given, which its user can mend."""
    frames: int = 0
    seconds: float = 0.0
    skipped_boxes: int = 0
    """Boxes that could not be used; the manifest lists them."""
    left_out: tuple[str, ...] = ()
    """Formats that cannot hold this sequence; the manifest says why."""
    notes: tuple[str, ...] = ()
    """What else the user should be told of it once; in the manifest, too."""
    undone: Decision | None = None
    """About the masks that were replaced; it is taken back."""


def run_sequence(job: AnnotationJob, name: str, net: Box2MaskNet, calibration: Calibration | None) -> Outcome:
    """Claim a sequence, make its masks, commit them; never raises for what is wrong with the sequence.

    Args:
        job: its output folder is open.
        name: of the sequence.
        net: in eval mode.
        calibration: of its confidences; None for raw ones.
    """
    start = time.perf_counter()
    try:
        safe = checked_name(name)
        with SequenceLock(job.out / LOCKS_FOLDER / f"{safe}.lock", BRIEFLY) as claimed:
            if not claimed:
                return Outcome(name, "busy")
            work = job.out / WORK_FOLDER / safe
            undone = finish_or_remove(job.out, work)
            if job.is_done(name):
                return Outcome(name, "done", undone=undone)
            work.mkdir()
            try:
                sequence = job.source.load(name).thinned(job.every, job.most)
                manifest = make_sequence(job, sequence, net, calibration, work)
                manifest["seconds"] = round(time.perf_counter() - start, 3)
                undone = commit(job.out, work, manifest)
            except BaseException:
                if not (work / LOG).exists():  # else it is whole, and the next run moves it into place
                    discard(work)
                raise
            discard(work)
        return Outcome(
            name,
            "made",
            frames=manifest["frames"],
            seconds=time.perf_counter() - start,
            skipped_boxes=len(manifest["skipped_boxes"]),
            left_out=tuple(manifest["left_out"]),
            notes=tuple(manifest["notes"]),
            undone=undone,
        )
    except Exception as error:
        reason = one_line(error).removeprefix(f"{name}: ")
        if is_output_error(error, job.out):
            return Outcome(name, "stopped", f"output folder {job.out} cannot be written: {reason}")
        if isinstance(error, UnicodeEncodeError):
            return Outcome(name, "failed", "the name of a frame or an object is not UTF-8; rename it", mistake=True)
        mistake = isinstance(error, UserError)
        return Outcome(name, "failed", reason if mistake else f"{type(error).__name__}: {reason}", mistake=mistake)


def discard(work: Path) -> None:
    """Remove a working folder; what cannot be removed now is left to the next run."""
    with suppress(OSError):
        remove(work)


def checked_name(name: str) -> str:
    """The file name of a sequence whose name can be written into tables.

    Raises:
        UserError: it is no text.
    """
    if name != printable(name):
        raise UserError(f"the name {printable(name)} is not UTF-8; rename the folder or file")
    return safe_name(name)


def make_sequence(
    job: AnnotationJob, sequence: BoxedSequence, net: Box2MaskNet, calibration: Calibration | None, work: Path
) -> dict[str, Any]:
    """Write a sequence's masks, trust table and previews below a working folder.

    Args:
        job: formats, windows, thresholds.
        sequence: as it is to be annotated.
        net: in eval mode.
        calibration: of the confidences.
        work: an empty folder; gets the layout of the output folder.

    Returns:
        The manifest, without `seconds`.
    """
    prepared = prepare(sequence, job.max_gap, bad="skip")
    info = sequence_info(sequence, prepared)
    writers, left_out = start_writers(job.formats, work, info)
    recorder = Recorder(job, sequence, prepared, info, writers, calibration)
    config = replace(job.config, interval=max(1, round(job.config.interval / sequence.frame_step)))
    with closing(ahead(sequence.frames)) as frames, Behind(waiting_frames(prepared)) as behind:
        results = annotate(
            frames, prepared.boxes, net, config, name=sequence.name, given=prepared.given, keep_logits=True
        )
        for result in results:
            behind.do(partial(recorder.add, result))
    outputs = sorted(path for writer in writers for path in writer.close())
    table = work / "trust" / f"{info.safe}.csv"
    table.parent.mkdir()
    write_trust(table, recorder.rows)
    (work / "preview").mkdir()
    write_preview(work / "preview" / info.safe, recorder.collector)
    return {
        "name": sequence.name,
        "frames": len(sequence.frames),
        "size": list(prepared.sizes[0]),
        "objects": {str(object_id): label for object_id, label in info.objects.items()},
        **describe_inputs(job.source, sequence),
        "weights_hash": job.weights_hash,
        "settings": job.settings(),
        "version": job.settings()["version"],
        "precision": "bfloat16" if job.config.uses_bfloat16(next(net.parameters()).device) else "float32",
        "confidence": confidence_manifest(calibration),
        "outputs": [path.as_posix() for path in outputs],
        "files": sum(len(list((work / path).iterdir())) if (work / path).is_dir() else 1 for path in outputs),
        "trust_bytes": table.stat().st_size,
        "skipped_boxes": prepared.skipped,
        "left_out": left_out,
        "notes": list(prepared.notes),
        "summary": summarise(recorder.rows, recorder.num_dropped),
    }


def waiting_frames(prepared: PreparedBoxes) -> int:
    """How many frames' logits may wait to be written: fewer where many objects share a large frame."""
    at_once = np.sum([boxed_rows(track) for track in prepared.boxes.values()], axis=0)
    pixels = max(height * width for height, width in prepared.sizes)
    return int(np.clip(WAITING_BYTES // (4 * pixels * int(at_once.max())), 1, DEPTH))


def start_writers(
    formats: Sequence[str], work: Path, info: SequenceInfo
) -> tuple[list[SequenceWriter], dict[str, str]]:
    """The writers of a sequence, and of formats that cannot hold it, why.

    Raises:
        CannotHoldError: none of the formats can.
        UserError: a format cannot be written here at all.
    """
    writers: list[SequenceWriter] = []
    refusals: list[CannotHoldError] = []
    left_out: dict[str, str] = {}
    for name in formats:
        try:
            writers.append(FORMATS[name].start(work, info))
        except CannotHoldError as error:
            refusals.append(error)
            left_out[name] = str(error)
    if not writers:
        raise refusals[0]
    return writers, left_out


def sequence_info(sequence: BoxedSequence, prepared: PreparedBoxes) -> SequenceInfo:
    """What writers are told."""
    frames = sequence.frames
    objects = {object_id: sequence.objects.get(object_id, "object") for object_id in prepared.boxes}
    return SequenceInfo(
        sequence.name,
        safe_name(sequence.name),
        prepared.sizes,
        mask_stems(frames),
        sequence.numbers,
        objects,
        frames.paths if isinstance(frames, Pictures) else None,
        isinstance(frames, Pictures) and frames.upright,
    )


class Recorder:
    """Judges and writes the masks of a sequence, frame by frame."""

    def __init__(
        self,
        job: AnnotationJob,
        sequence: BoxedSequence,
        prepared: PreparedBoxes,
        info: SequenceInfo,
        writers: list[SequenceWriter],
        calibration: Calibration | None,
    ) -> None:
        self._min_confidence = job.min_confidence
        self._prepared, self._info, self._writers = prepared, info, writers
        self._meters = {object_id: TrustMeter(calibration) for object_id in prepared.boxes}
        # Single frames in ascending order: none is kept.
        frames = sequence.frames
        self._frames_again = replace(frames, cache_frames=1) if isinstance(frames, VideoFrames) else frames
        self.collector = PreviewCollector(len(sequence.frames))
        self.rows: list[TrustRow] = []
        self.num_dropped = 0

    def add(self, result: FrameMasks) -> None:
        """Take the masks of the next frame."""
        index, labels = result.index, result.labels
        boxes = {object_id: track[index] for object_id, track in self._prepared.boxes.items()}
        trust: dict[int, Trust] = {}
        for object_id, meter in self._meters.items():
            boxed = bool(self._prepared.given[object_id][index])
            logits = None if result.logits is None else result.logits.get(object_id)
            trust[object_id] = meter.measure(logits, result.mask(object_id), boxes[object_id], boxed)
            stem = self._info.stems[index]
            self.rows.append(TrustRow(self._info.name, index, stem, object_id, boxed, trust[object_id]))
        confidences = {object_id: found.confidence for object_id, found in trust.items()}
        self.collector.add(
            index, self._info.stems[index], partial(self._frames_again.frame, index), labels, boxes, confidences
        )
        dropped = [i for i, found in trust.items() if found.area and found.confidence < self._min_confidence]
        self.num_dropped += len(dropped)
        if dropped:
            labels = np.where(np.isin(labels, dropped), 0, labels).astype(labels.dtype)
        for writer in self._writers:
            writer.add(index, labels, trust)


def summarise(rows: list[TrustRow], num_dropped: int) -> dict[str, Any]:
    """The manifest's opinion of a sequence."""

    def known(values: Iterator[float]) -> list[float]:
        return [value for value in values if not math.isnan(value)]

    confidences = known(row.trust.confidence for row in rows)
    tightness = known(row.trust.tightness for row in rows)
    return {
        "masks": sum(row.trust.area > 0 for row in rows),
        "empty": sum(row.trust.area == 0 and row.boxed for row in rows),
        "absent": sum(row.trust.area == 0 and not row.boxed for row in rows),
        "between": sum(row.trust.area > 0 and not row.boxed for row in rows),
        "dropped": num_dropped,
        "mean_confidence": _rounded(np.mean(confidences)) if confidences else None,
        "min_confidence": _rounded(min(confidences)) if confidences else None,
        "mean_tightness": _rounded(np.mean(tightness)) if tightness else None,
    }


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)
