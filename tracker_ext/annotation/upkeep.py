"""The output folder of an annotation job before and after a run: in order, whatever happened to the runs before."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ltr_ext.data.decisions import rejected_in
from ltr_ext.errors import UserError
from ltr_ext.output import remove_partials
from tracker_ext.annotation.commit import clear_work
from tracker_ext.annotation.job import AnnotationJob, open_output
from tracker_ext.annotation.lists import Derived, derive
from tracker_ext.annotation.manifests import drop_damaged
from tracker_ext.annotation.tally import undone_line

LIST_FOLDERS = (".", "sequences", "failures", "davis/ImageSets/2017", "ytvos")
"""Inside the output folder: where single files are written; a killed process may leave an unfinished one."""


def prepare_output(job: AnnotationJob) -> None:
    """Open the output folder, and bring into order what killed runs left there.

    Raises:
        UserError: it cannot be written, is another job's, or holds decisions that cannot be read.
    """
    open_output(job)
    rejected_in(job.out)
    remove_unfinished_files(job.out)
    try:
        for decision in clear_work(job.out):
            print(undone_line(decision))
        if dropped := drop_damaged(job.out):
            print(f"manifests that cannot be read, made again: {', '.join(dropped)}")
    except OSError as error:
        raise UserError(
            f"output folder {job.out} cannot be written ({error}); mend it, or name another folder"
        ) from error


def remove_unfinished_files(out: Path) -> None:
    """Remove the half-written lists, tables and manifests that killed processes left in an output folder.

    What a living process is writing stays.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        for folder in LIST_FOLDERS:
            remove_partials(out / folder)
    except OSError as error:
        raise UserError(f"output folder {out} cannot be written ({error}); mend it, or name another folder") from error


def tidy(job: AnnotationJob) -> Derived:
    """At the end of a run, however it ends.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        clear_work(job.out)
    except OSError as error:
        raise UserError(f"output folder {job.out} cannot be written ({error}); what is finished is kept") from error
    derived = derive(job.out, job.formats)
    assert derived is not None
    return derived


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
