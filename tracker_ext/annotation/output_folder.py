"""The output folder of an annotation job before and after a run: what broken runs left there is put in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr_ext.data.decisions import rejected_in
from ltr_ext.errors import UserError
from ltr_ext.output import remove_partials
from tracker_ext.annotation.commit import recover_work
from tracker_ext.annotation.job import AnnotationJob, open_output, refuse_unwritable
from tracker_ext.annotation.lists import ListsUpdate, update_lists
from tracker_ext.annotation.manifests import remove_damaged
from tracker_ext.annotation.run_summary import revoked_decision_line

LIST_FOLDERS = (".", "sequences", "failures", "davis/ImageSets/2017", "ytvos")
"""Folders in the output folder where single files are written; a killed process may leave a half-written one."""


def prepare_output(job: AnnotationJob) -> None:
    """Open the output folder, and finish or remove what killed runs left there.

    Raises:
        UserError: it cannot be written, is another job's, or holds decisions that cannot be read.
    """
    open_output(job)
    rejected_in(job.out)
    remove_unfinished_files(job.out)
    with refuse_unwritable(job.out):
        for decision in recover_work(job.out):
            print(revoked_decision_line(decision))
        if dropped := remove_damaged(job.out):
            print(f"manifests that cannot be read, made again: {', '.join(dropped)}")


def remove_unfinished_files(out: Path) -> None:
    """Remove the half-written lists, tables and manifests that killed processes left in an output folder.

    What a living process is writing stays.

    Raises:
        UserError: the folder cannot be written.
    """
    with refuse_unwritable(out):
        for folder in LIST_FOLDERS:
            remove_partials(out / folder)


def close_output(job: AnnotationJob) -> ListsUpdate:
    """Put the output folder in order at the end of a run, however it ends, and bring its lists up to date.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        recover_work(job.out)
    except OSError as error:
        raise UserError(f"output folder {job.out} cannot be written ({error}); what is finished is kept") from error
    update = update_lists(job.out, job.settings.formats)
    assert update is not None
    return update


@contextmanager
def stopped_like_ctrl_c() -> Iterator[None]:
    """Let a scheduler's SIGTERM, or the end of the terminal, stop the run as Ctrl-C does."""
    changed = []
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
