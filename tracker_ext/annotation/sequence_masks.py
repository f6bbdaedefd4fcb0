"""The masks of one sequence, with all that is written beside them: trust table, previews, manifest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ltr_ext.data.trust_table import Trust, TrustRow, write_trust
from ltr_ext.models.box2mask import Box2MaskNet
from tracker_ext.annotation.formats import FORMATS, SequenceInfo, SequenceWriter
from tracker_ext.annotation.formats.base import CannotHoldError
from tracker_ext.annotation.inputs import describe_inputs
from tracker_ext.annotation.job import AnnotationJob
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.review.preview import PreviewCollector, write_preview
from tracker_ext.annotation.review.trust import TrustMeter
from tracker_ext.annotation.settings import VERSION
from tracker_ext.segmentation.boxed_sequence import BoxedSequence, mask_stems
from tracker_ext.segmentation.confidence import Calibration, confidence_manifest
from tracker_ext.segmentation.prefetch import QUEUE_SIZE, BackgroundWriter, prefetch
from tracker_ext.segmentation.prepare import PreparedBoxes, has_box, prepare
from tracker_ext.segmentation.segment import FrameMasks, annotate
from tracker_ext.video.frames import Pictures, VideoFrames

MAX_WAITING_BYTES = 512e6
"""Memory for logits that wait to be written."""


def make_sequence(
    job: AnnotationJob, sequence: BoxedSequence, net: Box2MaskNet, calibration: Calibration | None, work: Path
) -> dict[str, Any]:
    """Write a sequence's masks, trust table and previews below a working folder.

    Args:
        job: formats, windows, thresholds.
        sequence: its frames that are annotated, with their boxes.
        net: in eval mode.
        calibration: of the confidences; None: they are soft IoUs.
        work: an empty folder; gets the layout of the output folder.

    Returns:
        The manifest, without `seconds`.
    """
    settings = job.settings
    prepared = prepare(sequence, settings.max_gap, bad="skip")
    info = sequence_info(sequence, prepared, job.symlinks)
    writers, left_out = start_writers(settings.formats, work, info)
    recorder = Recorder(settings.min_confidence, sequence, prepared, info, writers, calibration)
    config = replace(settings.config, interval=max(1, round(settings.config.interval / sequence.frame_step)))
    with closing(prefetch(sequence.frames)) as frames, BackgroundWriter(queue_size(prepared)) as background:
        results = annotate(
            frames, prepared.boxes, net, config, name=sequence.name, given=prepared.given, keep_logits=True
        )
        for result in results:
            background.submit(partial(recorder.add, result))
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
        "weights_hash": settings.weights_hash,
        "settings": settings.stored(),
        "version": VERSION,
        "precision": "bfloat16" if config.uses_bfloat16(next(net.parameters()).device) else "float32",
        "confidence": confidence_manifest(calibration),
        "outputs": [path.as_posix() for path in outputs],
        "files": sum(len(list((work / path).iterdir())) if (work / path).is_dir() else 1 for path in outputs),
        "trust_bytes": table.stat().st_size,
        "skipped_boxes": prepared.skipped,
        "left_out": left_out,
        "notes": list(prepared.notes),
        "summary": summarise(recorder.rows, recorder.num_dropped),
    }


def queue_size(prepared: PreparedBoxes) -> int:
    """Frames whose logits may wait to be written: fewer where many objects share a large frame."""
    at_once = np.sum([has_box(track) for track in prepared.boxes.values()], axis=0)
    pixels = max(height * width for height, width in prepared.sizes)
    return int(np.clip(MAX_WAITING_BYTES // (4 * pixels * int(at_once.max())), 1, QUEUE_SIZE))


def start_writers(
    formats: Sequence[str], work: Path, info: SequenceInfo
) -> tuple[list[SequenceWriter], dict[str, str]]:
    """The writers of a sequence; and format -> reason, for the formats that cannot hold it.

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


def sequence_info(sequence: BoxedSequence, prepared: PreparedBoxes, symlinks: bool) -> SequenceInfo:
    """What the writers are told of a sequence."""
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
        symlinks,
    )


class Recorder:
    """Measures and writes the masks of a sequence, frame by frame."""

    def __init__(
        self,
        min_confidence: float,
        sequence: BoxedSequence,
        prepared: PreparedBoxes,
        info: SequenceInfo,
        writers: list[SequenceWriter],
        calibration: Calibration | None,
    ) -> None:
        self._min_confidence = min_confidence
        self._prepared, self._info, self._writers = prepared, info, writers
        self._meters = {object_id: TrustMeter(calibration) for object_id in prepared.boxes}
        # Single frames in ascending order: none is kept.
        frames = sequence.frames
        self._frames_again = replace(frames, cache_frames=1) if isinstance(frames, VideoFrames) else frames
        self.collector = PreviewCollector(len(sequence.frames))
        self.rows: list[TrustRow] = []
        self.num_dropped = 0

    def add(self, result: FrameMasks) -> None:
        """Measure and write the masks of the next frame."""
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
    """The part of a manifest that counts masks and averages what was measured of them."""

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
