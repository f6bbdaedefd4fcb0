"""What came of the sequences of a run: progress bar, failed.csv, summary."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ltr_ext.errors import UserError
from ltr_ext.words import counted, duration
from tracker_ext.annotation.job import AnnotationJob, note_failures
from tracker_ext.annotation.sequence_run import Outcome


class Tally:
    """Counts what comes of the sequences, shows it, writes it down."""

    def __init__(self, job: AnnotationJob, total: int) -> None:
        self._job = job
        self._start = time.perf_counter()
        self._outcomes: dict[str, Outcome] = {}
        self.progress = tqdm(total=total, desc=job.dataset, unit="sequence", disable=None)
        self._frames = 0

    def report(self, outcome: Outcome) -> None:
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
            tqdm.write(f"failed: {outcome.name}: {outcome.reason}", file=sys.stderr)
        if outcome.status == "stopped":
            raise UserError(
                f"{outcome.reason}; what is finished is kept: make room or mend it, then give the same command again"
            )

    def failures(self) -> dict[str, str]:
        """Sequence -> reason."""
        return {name: found.reason for name, found in self._outcomes.items() if found.status == "failed"}

    def save(self) -> Path | None:
        """Bring failed.csv up to date, if the folder can be written."""
        try:
            return note_failures(self._job, self._outcomes, self.failures())
        except (UserError, OSError) as error:
            print(f"failed.csv: {error}", file=sys.stderr)
            return None

    def summary(self) -> str:
        """One line."""
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
        return line + (f"; {counts['busy']} are being made by another run" if counts["busy"] else "")


def retry_command(arguments: Sequence[str], failed: Path) -> str:
    """The same command for the failed sequences alone."""
    kept, skip = [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("--only", "--limit", "--shard"):
            skip = True
        elif not argument.startswith(("--only=", "--limit=", "--shard=")):
            kept.append(argument)
    program = sys.argv[0] if Path(sys.argv[0]).name == "run_annotate.py" else "run_annotate.py"
    return shlex.join(["python", program, *kept, "--only", str(failed)])
