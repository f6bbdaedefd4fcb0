"""Checkpoint files: one safetensors file each, with everything else as JSON in its header.

A file appears under its name only when it is whole: written beside it, synced to the disk, renamed, folder synced.
So a crash at any moment leaves the earlier ones. What a disk or a copy spoils later, be it one bit, the digest in the
header tells. A readable `.json` beside the file repeats the header; nothing reads it.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ltr_ext.errors import UserError
from ltr_ext.output import sync
from ltr_ext.tensor_files import (
    CHECKPOINT_KEY,
    DIGEST_KEY,
    WEIGHTS_FORMAT,
    WEIGHTS_KEY,
    begins_as_safetensors,
    digest_of,
    to_bytes,
)

FORMAT = "box2mask-training/2"
OLDER_FORMAT = "box2mask-training/1"
"""Without a digest, and with a fingerprint that misses a part of the recipe: can be exported, not resumed."""

DAMAGED_SUFFIX = ".damaged"
"""What the names of files end in that were set aside."""


@dataclass(frozen=True)
class Checkpoint:
    """Content of a file."""

    tensors: dict[str, Tensor]
    """By name; the network's are called `net.<name>`."""
    header: dict[str, Any]
    """Everything else, as JSON holds it."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and its readable sidecar, the first atomically and durably.

    Args:
        path: the `.safetensors` file; its folder is created.
        checkpoint: tensors on any device; header values that JSON can hold.

    Raises:
        UserError: the folder cannot be written to, or the disk is full.
        TypeError: a header value is none of JSON's.
    """
    header = {"format": FORMAT, **checkpoint.header}
    # clone: safetensors refuses tensors that share memory, and tied parameters do
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in checkpoint.tensors.items()}
    content = to_bytes(tensors, {CHECKPOINT_KEY: json.dumps(header)})
    shown = {key: value for key, value in header.items() if key != "rng"}
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(path, content)
        _write_durably(path.with_suffix(".json"), json.dumps(shown, indent=1).encode())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; executes nothing in it.

    Raises:
        UserError: the file is missing, damaged, or not one of ours.
    """
    try:
        return _read(path)
    except _DamagedError as error:
        raise UserError(f"checkpoint {path}: {error}; name another one") from error


def require_entries(entries: Any, names: Iterable[str], path: Path) -> None:
    """Refuse a checkpoint whose header, or a part of it, lacks something: another program's, or made by hand.

    Raises:
        UserError: names what is missing.
    """
    missing = [name for name in names if not isinstance(entries, dict) or name not in entries]
    if missing:
        raise UserError(f"checkpoint {path}: has no entry {missing[0]!r} in its header; name another one")


class _DamagedError(Exception):
    """What is wrong with a file that once was a checkpoint, it seems."""


def _read(path: Path) -> Checkpoint:
    """As `read_checkpoint`, but raises `_DamagedError` for a damaged file."""
    if not path.is_file():
        raise UserError(f"checkpoint {path}: {'is a folder' if path.is_dir() else 'does not exist'}; check the path")
    try:
        if path.suffix != ".safetensors" and not begins_as_safetensors(path):
            raise UserError(
                f"checkpoint {path}: no checkpoint of run_training.py; name a .safetensors file of the workspace's "
                "checkpoints folder"
            )
        with safe_open(path, framework="pt") as file:
            texts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        whole = DIGEST_KEY not in texts or digest_of(tensors, texts) == texts[DIGEST_KEY]
        header = json.loads(texts.get(CHECKPOINT_KEY, "{}"))
    except OSError as error:
        raise UserError(f"checkpoint {path}: cannot be read ({error.strerror or error}); see to that first") from error
    except (SafetensorError, ValueError, RecursionError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _DamagedError(f"damaged or no checkpoint ({reason})") from error
    file_format = header.get("format") if isinstance(header, dict) else None
    if not whole or (file_format == FORMAT and DIGEST_KEY not in texts):
        raise _DamagedError("damaged (its content is not what was written, its checksum says)")
    if texts.get(WEIGHTS_KEY) == WEIGHTS_FORMAT:
        raise UserError(f"checkpoint {path}: a weight file already, no training checkpoint; it can be used as it is")
    if file_format not in (FORMAT, OLDER_FORMAT):
        raise UserError(f"checkpoint {path}: not a training checkpoint of this version; name another file")
    return Checkpoint(tensors, header)


def copy_checkpoint(source: Path, target: Path) -> None:
    """Make `target` (atomically) another name for the content of `source`, and likewise the sidecar."""
    with _disk_errors(target):
        for suffix in (".safetensors", ".json"):
            origin, goal = source.with_suffix(suffix), target.with_suffix(suffix)
            temporary = goal.with_name(goal.name + ".tmp")
            temporary.unlink(missing_ok=True)
            try:
                os.link(origin, temporary)
            except OSError:  # a file system without hard links
                shutil.copyfile(origin, temporary)
                sync(temporary)
            temporary.replace(goal)
            # renaming onto another link of the same file leaves both names
            temporary.unlink(missing_ok=True)
        sync(target.parent)


class CheckpointFolder:
    """The checkpoints of one run: `<stem>_<iteration>.safetensors`, the last few, and `<stem>_best.safetensors`.

    Args:
        folder: need not exist yet.
        stem: start of the file names, the class of the network.
        keep_last: how many of the numbered files stay.
    """

    def __init__(self, folder: Path, stem: str, keep_last: int) -> None:
        self.folder = folder
        self.stem = stem
        self.keep_last = keep_last

    @property
    def best(self) -> Path:
        """Path of the best one; it may not exist."""
        return self.folder / f"{self.stem}_best.safetensors"

    def numbered(self) -> list[Path]:
        """The numbered files, latest first."""
        pattern = re.compile(re.escape(self.stem) + r"_(\d+)\.safetensors")
        found = [(int(match[1]), path) for path in self.folder.glob("*") if (match := pattern.fullmatch(path.name))]
        return [path for _, path in sorted(found, reverse=True)]

    def save(self, iteration: int, checkpoint: Checkpoint, best: bool = False) -> Path:
        """Write a numbered checkpoint, make it the best one too if told, and delete the oldest.

        Returns:
            The numbered file.
        """
        path = self.folder / f"{self.stem}_{iteration:08d}.safetensors"
        write_checkpoint(path, checkpoint)
        if best:
            copy_checkpoint(path, self.best)
        for old in self.numbered()[self.keep_last :]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
        return path

    def latest(self) -> tuple[Path, Checkpoint, list[str]] | None:
        """The latest checkpoint that is whole; the best one if no numbered one is.

        Damaged later files are renamed to `*.damaged`, so that they neither count nor come back.

        Returns:
            Its path and content, and one complaint for each damaged later file; None if there never was one.

        Raises:
            UserError: there are files, but all are damaged; or one is no checkpoint.
        """
        damaged: dict[Path, _DamagedError] = {}
        for path in [*self.numbered(), *([self.best] if self.best.exists() else [])]:
            try:
                checkpoint = _read(path)
            except _DamagedError as error:
                damaged[path] = error
                continue
            complaints = []
            for bad, problem in damaged.items():
                aside = bad.with_suffix(DAMAGED_SUFFIX)
                with _disk_errors(bad):
                    bad.rename(aside)
                complaints.append(f"checkpoint {bad}: {problem}; set aside as {aside.name}, going on from {path.name}")
            return path, checkpoint, complaints
        if damaged:
            path, problem = next(iter(damaged.items()))
            raise UserError(
                f"checkpoint {path}: {problem}; no other in {self.folder} is whole: start anew with --fresh"
            )
        if leftovers := sorted(self.folder.glob(f"{glob.escape(self.stem)}_*{DAMAGED_SUFFIX}")):
            raise UserError(f"checkpoint {leftovers[-1]}: was damaged, and there is no other: start anew with --fresh")
        return None


def set_aside(folder: Path) -> Path | None:
    """Rename a folder to the first free `<folder>.old-<n>`.

    Returns:
        The new path; None if the folder does not exist or is empty.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    number = 1
    while (target := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    with _disk_errors(folder):
        folder.rename(target)
    return target


def _write_durably(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)  # half a file on a full disk helps nobody
        raise
    temporary.replace(path)
    sync(path.parent)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"checkpoint {path}: cannot be written ({error.strerror}); free some space, or choose another --workspace"
        ) from error
