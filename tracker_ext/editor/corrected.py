"""The masks of a session as a sequence of a data set, with all that `run_annotate.py` writes beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ltr_ext.data.trust_table import Trust, TrustRow, write_trust
from tracker_ext.annotation.review.preview import PreviewCollector, write_preview
from tracker_ext.annotation.review.trust import TrustMeter
from tracker_ext.annotation.sequence_masks import sequence_info, start_writers, summarise
from tracker_ext.editor.document import PAINTED, mark_key
from tracker_ext.editor.session import Session
from tracker_ext.segmentation.boxed_sequence import BoxedSequence
from tracker_ext.segmentation.prepare import PreparedBoxes

SURE = 1.0
"""Confidence of a mask that a person painted."""


def write_corrected(
    session: Session,
    sequence: BoxedSequence,
    prepared: PreparedBoxes,
    formats: Sequence[str],
    work: Path,
    symlinks: bool,
) -> dict[str, Any]:
    """Write masks, trust table and previews below a working folder.

    Args:
        session: whose masks are all made; the caller holds its lock.
        sequence: as the data set has it.
        prepared: its boxes.
        formats: of the job.
        work: an empty folder; gets the layout of the output folder.
        symlinks: whether pictures beside masks are symbolic links.

    Returns:
        The part of the manifest that changes.

    Raises:
        CannotHoldError: none of the formats can hold the objects.
    """
    names = session.document.objects()
    info = replace(sequence_info(sequence, prepared, symlinks), objects=names)
    writers, left_out = start_writers(formats, work, info)
    collector, rows = PreviewCollector(len(session.source)), []
    meters = {object_id: TrustMeter() for object_id in names}
    for frame, stem in enumerate(info.stems):
        labels = session.results.labels(frame)
        trust: dict[int, Trust] = {}
        for object_id, meter in meters.items():
            plan = session.plans[object_id]
            measured = meter.measure(None, labels == object_id, plan.track[frame], bool(plan.given[frame]))
            trust[object_id] = replace(measured, confidence=_confidence(session, object_id, frame))
            rows.append(TrustRow(info.name, frame, stem, object_id, bool(plan.given[frame]), trust[object_id]))
        boxes = {object_id: session.plans[object_id].track[frame] for object_id in names}
        confidences = {object_id: found.confidence for object_id, found in trust.items()}
        collector.add(frame, stem, partial(session.frames.picture, frame), labels, boxes, confidences)
        for writer in writers:
            writer.add(frame, labels, trust)
    outputs = sorted(path for writer in writers for path in writer.close())
    table = work / "trust" / f"{info.safe}.csv"
    table.parent.mkdir()
    write_trust(table, rows)
    (work / "preview").mkdir()
    write_preview(work / "preview" / info.safe, collector)
    return {
        "objects": {str(object_id): name for object_id, name in names.items()},
        "outputs": [path.as_posix() for path in outputs],
        "files": sum(len(list((work / path).iterdir())) if (work / path).is_dir() else 1 for path in outputs),
        "trust_bytes": table.stat().st_size,
        "left_out": left_out,
        "summary": summarise(rows, 0),
    }


def _confidence(session: Session, object_id: int, frame: int) -> float:
    """Of a mask; nan where nothing is known, as of one that was there before the editor."""
    made = session.results.made.get((object_id, frame))
    if made is not None and made.confidence is not None:
        return made.confidence
    mark = session.document.values.get(mark_key(object_id, frame)) or {}
    is_painted = made is not None and mark.get("kind") == PAINTED and not mark.get("found")
    return SURE if is_painted else math.nan
