"""What came of the sequences of a run: progress bar, messages, lists that follow, and a line at the end."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ltr_ext.data.decisions import Decision
from ltr_ext.errors import UserError
from ltr_ext.program import as_called
from ltr_ext.progress import Progress
from ltr_ext.text import counted, duration, printable
from tracker_ext.annotation.failures import record_failure
from tracker_ext.annotation.job import AnnotationJob, is_output_error
from tracker_ext.annotation.lists import update_lists

if TYPE_CHECKING:
    from tracker_ext.annotation.sequence_run import Outcome

LISTS_INTERVAL = 180.0
"""Seconds from one update of lists and report to the next in the middle of a run, at least."""
LISTS_PAUSE_FACTOR = 20
"""And so many times the time that an update takes, at least."""


class RunSummary:
    """Counts what came of the sequences, shows it, and records failures."""

    def __init__(self, job: AnnotationJob, total: int) -> None:
        self._job = job
        self._start = time.perf_counter()
        self._outcomes: dict[str, Outcome] = {}
        self.progress = Progress(total=total, desc=job.settings.dataset, unit="sequence")
        self._frames = 0
        self._next_lists = self._start + LISTS_INTERVAL

    def add(self, outcome: Outcome) -> None:
        """Take one outcome.

        Raises:
            UserError: nothing can be written any more.
        """
        self._outcomes[outcome.name] = outcome
        self._frames += outcome.frames
        self.progress.update()
        speed = self._frames / (time.perf_counter() - self._start)
        self.progress.set_postfix_str(f"{speed:.1f} frames/s, {len(self.failures())} failed", refresh=False)
        if outcome.status == "failed":
            Progress.write(f"failed: {printable(outcome.name)}: {outcome.reason}", file=sys.stderr)
            self._note(outcome)
        for note in outcome.notes:
            Progress.write(f"note: {printable(outcome.name)}: {note}", file=sys.stderr)
        if outcome.revoked is not None:
            Progress.write(revoked_decision_line(outcome.revoked), file=sys.stderr)
        if outcome.status == "stopped":
            raise UserError(
                f"{outcome.reason}; what is finished is kept: make room or mend it, then give the same command again"
            )
        if time.perf_counter() > self._next_lists:
            self._bring_up_to_date()

    def failures(self) -> dict[str, str]:
        """Sequence -> reason."""
        return {name: found.reason for name, found in self._outcomes.items() if found.status == "failed"}

    def only_user_errors(self) -> bool:
        """Whether all sequences failed because of what was given, which the user can mend."""
        found = self._outcomes.values()
        return bool(found) and all(outcome.status == "failed" and outcome.user_error for outcome in found)

    def _note(self, outcome: Outcome) -> None:
        try:
            record_failure(self._job.out, outcome.name, outcome.reason)
        except UserError as error:
            if is_output_error(error, self._job.out):
                raise
            Progress.write(f"not recorded: {error}", file=sys.stderr)

    def _bring_up_to_date(self) -> None:
        """Bring lists and report up to date in the middle of a run, or for the case that it is killed."""
        start = time.perf_counter()
        try:
            update_lists(self._job.out, self._job.settings.formats, if_free=True)
        except UserError as error:  # at the end it would be the user's to mend
            Progress.write(f"lists and report: {error}", file=sys.stderr)
        now = time.perf_counter()
        self._next_lists = now + max(LISTS_INTERVAL, LISTS_PAUSE_FACTOR * (now - start))

    def line(self) -> str:
        """What came of the run, on one line."""
        counts = dict.fromkeys(("made", "failed", "busy", "done"), 0)
        for found in self._outcomes.values():
            counts[found.status] += 1
        seconds = time.perf_counter() - self._start
        line = f"made {counted(counts['made'], 'sequence')}, {counted(self._frames, 'frame')} in {duration(seconds)}"
        line += f" ({self._frames / seconds:.1f} frames/s)" if self._frames else ""
        line += f"; failed {counts['failed']}"
        if skipped := sum(found.skipped_boxes for found in self._outcomes.values()):
            line += f"; {counted(skipped, 'unusable box')} left out, see skipped_boxes in sequences/*.json"
        for name in sorted({name for found in self._outcomes.values() for name in found.left_out}):
            without = sum(name in found.left_out for found in self._outcomes.values())
            line += f"; {name} cannot hold {counted(without, 'sequence')}, see left_out in sequences/*.json"
        if busy := counts["busy"]:
            line += f"; {counted(busy, 'sequence')} {'is' if busy == 1 else 'are'} being made by another run"
        return line


def revoked_decision_line(decision: Decision) -> str:
    """Tells the user that a decision no longer holds."""
    comment = f" ({decision.comment})" if decision.comment else ""
    return f"{decision.sequence}: made anew; {decision.choice!r}{comment} was about the older masks and is taken back"


def retry_command(arguments: Sequence[str], failed: Path) -> str:
    """The command line that tries the failed sequences again."""
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("--only", "--limit", "--shard"):
            skip = True
        elif not argument.startswith(("--only=", "--limit=", "--shard=")):
            kept.append(argument)
    script = sys.argv[0] if Path(sys.argv[0]).name == "run_annotate.py" else "run_annotate.py"
    return as_called(shlex.join(["python", script, *kept, "--only", str(failed)]))
