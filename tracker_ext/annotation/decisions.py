"""Apply a reviewer's decisions to the output of an annotation job: `run_annotate.py --apply decisions.csv`.

Masks of rejected sequences go to `OUT/rejected/`, at the same place below it, so that whoever reads the masks no longer
finds them and nothing is lost: a later decision to accept (or flag) brings them back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ltr_ext.data.decisions import DECISIONS_FILE, Decision, names_with, read_decisions, write_decisions
from ltr_ext.errors import UserError
from ltr_ext.words import counted

REJECTED_FOLDER = "rejected"
"""Inside the output folder."""


@dataclass(frozen=True)
class Applied:
    """What was done."""

    decisions: dict[str, Decision]
    """All that are in force now: those given and those from before."""
    rejected: list[str]
    """Sequences whose masks were moved out now."""
    restored: list[str]
    """Sequences whose masks were moved back now."""

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
        return "\n".join([*lines, *(f"flagged: {_with_comment(self.decisions[name])}" for name in self.flagged)])


def apply_decisions(out: str | Path, file: str | Path) -> Applied:
    """Take over the decisions of a file.

    They are added to `OUT/decisions.csv`; a sequence that was decided before is decided anew. Done again after an
    interruption, it finishes the job.

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
    unknown = [name for name in given if name not in manifests]
    if unknown:
        shown = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        raise UserError(
            f"decisions {file}: {counted(len(unknown), 'sequence')} not in {out} ({shown}); apply them to the job they "
            "are of"
        )
    applied = out / DECISIONS_FILE
    decisions = {**(read_decisions(applied) if applied.is_file() else {}), **given}
    moves = {name: masks_of(out, manifests[name]) for name in decisions if name in manifests}
    write_decisions(applied, decisions.values())
    rejected: list[str] = []
    restored: list[str] = []
    for name, paths in moves.items():
        reject = decisions[name].choice == "reject"
        if sum(_move(out, path, reject) for path in paths):
            (rejected if reject else restored).append(name)
    return Applied(decisions, rejected, restored)


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
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"manifest {path} is damaged ({error!r}); delete it and run the job again") from error
        if not isinstance(name, str) or not name:
            raise UserError(f"manifest {path}: name {name!r} is no text; delete it and run the job again")
        yield path.relative_to(folder).with_suffix("").as_posix(), manifest


def masks_of(out: Path, manifest: Mapping[str, Any]) -> list[PurePosixPath]:
    """Where the masks of a sequence are, relative to the output folder.

    Raises:
        UserError: the manifest does not say, or points outside the folder.
    """
    outputs = manifest.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise UserError(f"annotation {out}: the manifest of {manifest['name']} names no outputs; run the job again")
    paths = [PurePosixPath(str(entry)) for entry in outputs]
    for path in paths:
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise UserError(f"annotation {out}: output {str(path)!r} of {manifest['name']} lies outside the folder")
    return paths


def _move(out: Path, relative: PurePosixPath, reject: bool) -> bool:
    """Move to, or back from, the folder of the rejected; False if it is there already."""
    kept, rejected = out / relative, out / REJECTED_FOLDER / relative
    source, target = (kept, rejected) if reject else (rejected, kept)
    if not source.exists():
        return False
    if target.exists():
        raise UserError(f"masks {source} cannot be moved: {target} exists too; delete one of the two")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise UserError(f"masks {source} cannot be moved to {target} ({error.strerror}); check permissions") from error
    return True


def _with_comment(decision: Decision) -> str:
    return decision.sequence + (f" ({decision.comment})" if decision.comment else "")
