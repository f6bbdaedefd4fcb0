"""A finished sequence moves into place: as a whole, whatever interrupts it.

Everything is written below `.work/<name>` first. The manifest beside it is the log from which the next run can finish a
move that broke off. Masks are on the disk before the log is, so that not even a power cut leaves a manifest without
them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ltr_ext.data.decisions import Decision
from ltr_ext.output import remove, sync, sync_tree, write_text
from tracker_ext.annotation.failures import remove_failure
from tracker_ext.annotation.job import refuse_links
from tracker_ext.annotation.lock import LOCKS_FOLDER, SequenceLock
from tracker_ext.annotation.manifests import (
    INVALIDATED_SUFFIX,
    REJECTED_FOLDER,
    invalidate,
    invalidated_manifest,
    manifest_path,
    outputs_of,
    read_manifest,
)
from tracker_ext.annotation.review.decisions import revoke_decision

WORK_FOLDER = ".work"
LOG = "manifest.json"
"""Inside the working folder of a sequence; its presence says that the sequence is whole."""


def commit(out: Path, work: Path, manifest: dict[str, Any]) -> Decision | None:
    """Move a finished sequence to its place; see `move_into_place`.

    Args:
        out: output folder of the job.
        work: `.work/<safe name>` in it, with the layout of the output folder.
        manifest: of the sequence.
    """
    sync_tree(work)
    write_text(work / LOG, json.dumps(manifest, indent=1, ensure_ascii=True) + "\n")
    return move_into_place(out, work)


def move_into_place(out: Path, work: Path) -> Decision | None:
    """Move a whole sequence to its place, the manifest last. Can be done again after it broke off.

    The older masks of the sequence are removed, rejected ones included, and so is the reviewer's decision about them.

    Args:
        out: output folder of the job.
        work: working folder with its log; the caller holds the lock of the sequence, and removes the folder.

    Returns:
        The decision about the older masks, which no longer holds; None if there was none.

    Raises:
        UserError, OSError: something cannot be moved.
    """
    text = (work / LOG).read_text(encoding="utf-8")
    manifest = json.loads(text)
    name, safe = manifest["name"], work.name
    place = manifest_path(out, name)
    outputs = [path.as_posix() for path in outputs_of(out, manifest)]
    moves = [*outputs, f"trust/{safe}.csv", f"preview/{safe}"]
    # Two runs can write the same manifest: only with nothing left to move is it the one of this run.
    moved = not any(os.path.lexists(work / relative) for relative in moves)
    if moved and place.is_file() and place.read_text(encoding="utf-8") == text:
        return None
    refuse_links(out, sorted({Path(relative).parent.as_posix() for relative in moves}))
    invalidate(out, name)
    stale = work / "stale"
    for relative in moves:
        if os.path.lexists(work / relative):
            _move(out / relative, stale / "replaced" / relative)
            _move(work / relative, out / relative)
    for relative in {*outputs, *_outputs_before(out, name)}:
        _move(out / REJECTED_FOLDER / relative, stale / "rejected" / relative)
        if relative not in outputs:
            _move(out / relative, stale / "no more" / relative)
    revoked = revoke_decision(out, name)
    for folder in {(out / relative).parent for relative in moves}:
        sync(folder)
    write_text(place, text)
    place.with_name(place.name + INVALIDATED_SUFFIX).unlink(missing_ok=True)
    remove_failure(out, name)
    return revoked


def recover_work(out: Path) -> list[Decision]:
    """Finish or remove what killed runs left behind; what a living run has locked stays.

    Returns:
        Decisions that no longer hold; see `move_into_place`.
    """
    revoked = []
    for folder in sorted((out / WORK_FOLDER).iterdir()):
        with SequenceLock(out / LOCKS_FOLDER / f"{folder.name}.lock") as free:
            if free:
                found = recover_sequence(out, folder)
                revoked += [] if found is None else [found]
    for path in sorted((out / LOCKS_FOLDER).glob("*.lock")):
        with SequenceLock(path):  # a lock that is free is removed with its release
            pass
    return revoked


def recover_sequence(out: Path, work: Path) -> Decision | None:
    """Move a sequence that is whole to its place, and remove its working folder. The caller holds its lock.

    Returns:
        As `move_into_place`.
    """
    revoked = None
    if not work.is_symlink() and (manifest := read_log(work)) is not None and _is_complete(out, work, manifest):
        revoked = move_into_place(out, work)
    remove(work)
    return revoked


def read_log(work: Path) -> dict[str, Any] | None:
    """The manifest of a sequence that is ready to move; None if it is not."""
    return read_manifest(work / LOG, work.name)


def _is_complete(out: Path, work: Path, manifest: dict[str, Any]) -> bool:
    """Whether all that the log names is in the working folder, or has been moved to its place."""
    safe = work.name
    paths = [*outputs_of(out, manifest), Path(f"trust/{safe}.csv"), Path(f"preview/{safe}")]
    return all(os.path.lexists(work / path) or os.path.lexists(out / path) for path in paths)


def _outputs_before(out: Path, name: str) -> Iterable[str]:
    before = invalidated_manifest(out, name)
    return [] if before is None else [path.as_posix() for path in outputs_of(out, before)]


def _move(source: Path, target: Path) -> None:
    if os.path.lexists(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove(target)
        source.rename(target)
