"""Apply a reviewer's decisions to the output of an annotation job: `run_annotate.py --apply decisions.csv`.

Masks of rejected sequences go to `OUT/rejected/`, at the same place below it, where programs
that read the masks do not find them. Nothing is lost: a later decision to accept (or flag) moves them back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ltr_ext.data.decisions import DECISIONS_FILE, Decision, names_with, read_decisions, write_decisions
from ltr_ext.errors import UserError
from ltr_ext.text import counted
from tracker_ext.annotation.failures import recorded_failures
from tracker_ext.annotation.lock import lists_lock
from tracker_ext.annotation.manifests import REJECTED_FOLDER, outputs_of

LOCK_WAIT = 600.0
"""Seconds to wait for another process that brings lists and report up to date."""


@dataclass(frozen=True)
class Applied:
    """What was done when decisions were applied."""

    decisions: dict[str, Decision]
    """All that are in force now: those given and those from before."""
    rejected: list[str]
    """Sequences whose masks were moved out now."""
    restored: list[str]
    """Sequences whose masks were moved back now."""
    without_masks: list[str] = field(default_factory=list)
    """Sequences that have failed since and have no masks: the decisions about them are left out."""

    @property
    def flagged(self) -> list[str]:
        """Sequences to be looked at again."""
        return names_with(self.decisions, "flag")

    def summary(self) -> str:
        """Lines for the command line."""
        accepted, rejected = (len(names_with(self.decisions, choice)) for choice in ("accept", "reject"))
        lines = [
            f"decisions: {accepted} accepted, {rejected} rejected, {len(self.flagged)} flagged",
            f"moved to {REJECTED_FOLDER}/: {counted(len(self.rejected), 'sequence')}; moved back: {len(self.restored)}",
        ]
        if self.without_masks:
            lines.append(f"left out, for they have no masks now, see failed.csv: {', '.join(self.without_masks)}")
        return "\n".join([*lines, *(f"flagged: {_with_comment(self.decisions[name])}" for name in self.flagged)])


def apply_decisions(out: str | Path, file: str | Path) -> Applied:
    """Put the decisions of a file into effect.

    They are added to `OUT/decisions.csv`, where a new decision replaces the older one about the same sequence. After an
    interruption, the same call does the rest.

    Args:
        out: output folder of the job; its manifests name their masks in `outputs`, files or folders relative to it.
        file: see `read_decisions`.

    Raises:
        UserError: unreadable decisions, a sequence that the job does not have (nothing is changed then), a manifest
            that does not name its masks, or a file that cannot be moved.
    """
    out = Path(out)
    given = read_decisions(file)
    manifests = {manifest["name"]: manifest for _, manifest in read_manifests(out)}
    failed = recorded_failures(out)
    unknown = [name for name in given if name not in manifests and name not in failed]
    if unknown:
        shown = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        raise UserError(
            f"decisions {file}: {counted(len(unknown), 'sequence')} not in {out} ({shown}); apply them to the job they "
            "are of"
        )
    applied = out / DECISIONS_FILE
    without_masks = [name for name in given if name not in manifests]
    known = {name: decision for name, decision in given.items() if name in manifests}
    decisions = {**(read_decisions(applied) if applied.is_file() else {}), **known}
    moves = {name: outputs_of(out, manifests[name]) for name in decisions if name in manifests}
    write_decisions(applied, decisions.values())
    rejected: list[str] = []
    restored: list[str] = []
    for name, paths in moves.items():
        reject = decisions[name].choice == "reject"
        if sum(_move(out, path, reject) for path in paths):
            (rejected if reject else restored).append(name)
    return Applied(decisions, rejected, restored, without_masks)


def read_manifests(out: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The manifests of the sequences that are done.

    Yields:
        (stem, manifest), by stem: `sequences/<stem>.json`, `trust/<stem>.csv` and `preview/<stem>/` belong together;
        the stem is the sequence's name where that can be the name of a file.

    Raises:
        UserError: not the output of an annotation job, or a damaged manifest.
    """
    folder = Path(out) / "sequences"
    if not Path(out).is_dir():
        raise UserError(f"annotation {out}: does not exist; name the output folder of run_annotate.py")
    if not folder.is_dir():
        raise UserError(f"annotation {out}: has no folder sequences; name the output folder of run_annotate.py")
    for path in sorted(folder.rglob("*.json")):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            name = manifest["name"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"manifest {path} is damaged ({error!r}); delete it and run the job again") from error
        if not isinstance(name, str) or not name:
            raise UserError(f"manifest {path}: name {name!r} is no text; delete it and run the job again")
        yield path.relative_to(folder).with_suffix("").as_posix(), manifest


def revoke_decision(out: Path, name: str) -> Decision | None:
    """Remove a decision, because the masks that it was about have been replaced.

    A file of decisions that cannot be read is left as it is: the commands that use it refuse it.

    Returns:
        What was removed; None if nothing was decided about the sequence.

    Raises:
        UserError: the decisions cannot be written.
    """
    applied = out / DECISIONS_FILE
    if not applied.is_file():
        return None
    with lists_lock(out, LOCK_WAIT):  # `--apply` or another process may change the file just now
        try:
            decisions = read_decisions(applied)
        except UserError:
            return None
        found = decisions.pop(name, None)
        if found is not None:
            write_decisions(applied, decisions.values())
        return found


def _move(out: Path, relative: PurePosixPath, reject: bool) -> bool:
    """Move masks to, or back from, the folder of the rejected; False if they are there already."""
    kept, rejected = out / relative, out / REJECTED_FOLDER / relative
    source, target = (kept, rejected) if reject else (rejected, kept)
    if not source.exists():
        return False
    if os.path.lexists(target):
        raise UserError(
            f"masks {source} cannot be moved: {target} exists too; delete one of the two, or make them again (--redo)"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise UserError(f"masks {source} cannot be moved to {target} ({error.strerror}); check permissions") from error
    return True


def _with_comment(decision: Decision) -> str:
    return decision.sequence + (f" ({decision.comment})" if decision.comment else "")
