"""The manifests of an output folder, `sequences/<name>.json`: what is finished, and whether it is all there.

A manifest is written last. If it cannot be read, or its files are gone, the sequence counts as not done and is made
again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ltr_ext.errors import UserError
from tracker_ext.annotation.names import safe_name

SEQUENCES_FOLDER = "sequences"
REJECTED_FOLDER = "rejected"
"""Inside the output folder: masks that a reviewer rejected, at the same place below it."""
INVALIDATED_SUFFIX = ".old"
"""Suffix of a manifest that no longer counts. It still says which files have to go when the new ones come."""
READ_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, UserError)
"""Raised when a manifest is damaged, or is none."""


def manifest_path(out: Path, name: str) -> Path:
    """The file whose presence says that a sequence is done."""
    return out / SEQUENCES_FOLDER / f"{safe_name(name)}.json"


def read_manifest(path: Path, safe: str | None = None) -> dict[str, Any] | None:
    """The content of a manifest; None if it is missing or damaged.

    Args:
        path: the file.
        safe: file name (`safe_name`) that its sequence must have; None: that of the manifest.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        outputs_of(path.parent.parent, manifest)
        good = safe_name(manifest["name"]) == (safe or path.name.removesuffix(INVALIDATED_SUFFIX).removesuffix(".json"))
        return manifest if good and isinstance(manifest["frames"], int) else None
    except READ_ERRORS:
        return None


def done_manifest(out: Path, name: str) -> dict[str, Any] | None:
    """The manifest of a sequence that is done; None if it is not, or if something that was written for it is gone.

    Args:
        out: output folder of the job.
        name: of the sequence.
    """
    try:
        manifest = read_manifest(manifest_path(out, name))
    except UserError:  # no file can have the name
        return None
    return manifest if manifest is not None and is_whole(out, manifest) else None


def is_whole(out: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether masks (in place or rejected), trust table and previews of a sequence are there."""
    safe = safe_name(manifest["name"])
    try:
        table = (out / "trust" / f"{safe}.csv").stat().st_size
    except OSError:
        return False
    if table != manifest.get("trust_bytes", table) or not (out / "preview" / safe).is_dir():
        return False
    return all(_is_there(out / path) or _is_there(out / REJECTED_FOLDER / path) for path in outputs_of(out, manifest))


def _is_there(path: Path) -> bool:
    """Whether there is a file, or a folder that is not empty."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def is_in_place(out: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether all masks of a sequence are where a reader of the masks looks for them."""
    return all((out / path).exists() for path in outputs_of(out, manifest))


def outputs_of(out: Path, manifest: Mapping[str, Any]) -> list[PurePosixPath]:
    """Where the masks of a sequence are, relative to the output folder.

    Raises:
        UserError: the manifest does not say where, or names a place outside the folder.
    """
    outputs = manifest.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise UserError(f"annotation {out}: the manifest of {manifest['name']} names no outputs; run the job again")
    paths = [PurePosixPath(str(entry)) for entry in outputs]
    for path in paths:
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in str(path):
            raise UserError(f"annotation {out}: output {str(path)!r} of {manifest['name']} lies outside the folder")
    return paths


def manifests(out: Path) -> Iterator[dict[str, Any]]:
    """The manifests that can be read, by file name."""
    for path in sorted((out / SEQUENCES_FOLDER).glob("*.json")):
        manifest = read_manifest(path)
        if manifest is not None:
            yield manifest


def invalidate(out: Path, name: str) -> None:
    """Let a sequence count as not done; its masks stay until new ones replace them.

    Raises:
        UserError: the manifest cannot be renamed.
    """
    path = manifest_path(out, name)
    try:
        if path.exists():
            path.replace(path.with_name(path.name + INVALIDATED_SUFFIX))
    except OSError as error:
        raise UserError(f"file {path} cannot be renamed ({error.strerror}); mend it, or make room") from error


def invalidated_manifest(out: Path, name: str) -> dict[str, Any] | None:
    """The manifest that `invalidate` renamed, if there is one."""
    path = manifest_path(out, name)
    return read_manifest(path.with_name(path.name + INVALIDATED_SUFFIX))


def remove_damaged(out: Path) -> list[str]:
    """Remove manifests that cannot be read: the report would refuse them.

    Returns:
        File names of their sequences, which no longer count as done.
    """
    dropped = []
    for path in sorted((out / SEQUENCES_FOLDER).glob("*.json")):
        if read_manifest(path) is None:
            path.unlink(missing_ok=True)
            dropped.append(path.stem)
    return dropped
