"""One sequence of a job: from its boxes to its manifest, whole or not at all."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ltr_ext.data.decisions import Decision
from ltr_ext.errors import UserError
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.output import remove
from ltr_ext.text import one_line, printable
from tracker_ext.annotation.commit import LOG, WORK_FOLDER, commit, recover_sequence
from tracker_ext.annotation.job import AnnotationJob, is_output_error
from tracker_ext.annotation.lock import LOCKS_FOLDER, SequenceLock
from tracker_ext.annotation.names import safe_name
from tracker_ext.annotation.sequence_masks import make_sequence
from tracker_ext.segmentation.confidence import Calibration

CLAIM_WAIT = 0.2
"""Seconds to wait for a lock: a process that clears up after killed ones holds each lock for a moment."""

Status = Literal["made", "done", "busy", "failed", "stopped"]


@dataclass(frozen=True)
class Outcome:
    """What came of a sequence."""

    name: str
    status: Status
    """made: now; done: before; busy: another process is making it; failed: for a reason of its own; stopped: the output
    folder cannot be written."""
    reason: str = ""
    """One line; only of failed and stopped."""
    user_error: bool = False
    """Whether it failed because of what was given, which the user can mend."""
    frames: int = 0
    skipped_boxes: int = 0
    """Boxes that could not be used; the manifest lists them."""
    left_out: tuple[str, ...] = ()
    """Formats that cannot hold this sequence; the manifest says why."""
    notes: tuple[str, ...] = ()
    """What else the user should be told once about this sequence; the manifest has it, too."""
    revoked: Decision | None = None
    """What a reviewer had decided about the masks that were replaced; it no longer holds."""


def run_sequence(job: AnnotationJob, name: str, net: Box2MaskNet, calibration: Calibration | None) -> Outcome:
    """Claim a sequence, make its masks, commit them. What is wrong with it is in the outcome, not raised.

    Args:
        job: its output folder is open.
        name: of the sequence.
        net: in eval mode.
        calibration: of its confidences; None: they are soft IoUs.
    """
    start = time.perf_counter()
    try:
        safe = checked_name(name)
        with SequenceLock(job.out / LOCKS_FOLDER / f"{safe}.lock", CLAIM_WAIT) as claimed:
            if not claimed:
                return Outcome(name, "busy")
            work = job.out / WORK_FOLDER / safe
            revoked = recover_sequence(job.out, work)
            if job.is_done(name):
                return Outcome(name, "done", revoked=revoked)
            work.mkdir()
            try:
                sequence = job.load(name)
                manifest = make_sequence(job, sequence, net, calibration, work)
                manifest["seconds"] = round(time.perf_counter() - start, 3)
                revoked = commit(job.out, work, manifest)
            except BaseException:
                if not (work / LOG).exists():  # else it is whole, and the next run moves it into place
                    discard(work)
                raise
            discard(work)
        return Outcome(
            name,
            "made",
            frames=manifest["frames"],
            skipped_boxes=len(manifest["skipped_boxes"]),
            left_out=tuple(manifest["left_out"]),
            notes=tuple(manifest["notes"]),
            revoked=revoked,
        )
    except Exception as error:
        reason = one_line(error).removeprefix(f"{name}: ")
        if is_output_error(error, job.out):
            return Outcome(name, "stopped", f"output folder {job.out} cannot be written: {reason}")
        if isinstance(error, UnicodeEncodeError):
            return Outcome(name, "failed", "the name of a frame or an object is not UTF-8; rename it", user_error=True)
        if isinstance(error, UserError):
            return Outcome(name, "failed", reason, user_error=True)
        return Outcome(name, "failed", f"{type(error).__name__}: {reason}")


def discard(work: Path) -> None:
    """Remove a working folder; what cannot be removed now is left to the next run."""
    with suppress(OSError):
        remove(work)


def checked_name(name: str) -> str:
    """The file name of a sequence whose name can be written into tables.

    Raises:
        UserError: it is not UTF-8.
    """
    if name != printable(name):
        raise UserError(f"the name {printable(name)} is not UTF-8; rename the folder or file")
    return safe_name(name)
