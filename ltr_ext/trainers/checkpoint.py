"""Checkpoint files: safetensors files with everything but the tensors as JSON in the header.

A file is written under a temporary name, synced to the disk and renamed, and its folder is synced. Therefore a crash
leaves the earlier checkpoints intact. A digest in the header reveals any later damage, even of a single bit. A readable
`.json` beside the file repeats the header; no program reads it.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ltr_ext.errors import UserError
from ltr_ext.output import link_or_copy, sync
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
"""An older format, without a digest and with an incomplete fingerprint, which can be exported but not resumed."""

DAMAGED_SUFFIX = ".damaged"
"""Suffix of damaged files that were renamed."""


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a checkpoint file."""

    tensors: dict[str, Tensor]
    """Tensors by name; the names of the network's begin with `net.`."""
    header: dict[str, Any]
    """Everything else, as JSON values."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and its readable `.json`, atomically and durably.

    Args:
        path: the `.safetensors` file; its folder is created.
        checkpoint: the contents; tensors may be on any device.

    Raises:
        UserError: the folder cannot be written to, or the disk is full.
        TypeError: a header value is not a JSON value.
    """
    header = {"format": FORMAT, **checkpoint.header}
    # Cloned, since safetensors refuses tensors that share memory, as tied parameters do.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in checkpoint.tensors.items()}
    content = to_bytes(tensors, {CHECKPOINT_KEY: json.dumps(header)})
    shown = {key: value for key, value in header.items() if key != "rng"}
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(path, content)
        _write_durably(path.with_suffix(".json"), json.dumps(shown, indent=1).encode())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is executed.

    Raises:
        UserError: the file is missing, damaged, or not one of ours.
    """
    try:
        return _read(path)
    except _DamagedError as error:
        raise UserError(f"checkpoint {path}: {error}; name another one") from error


def require_entries(entries: Any, names: Iterable[str], path: Path) -> None:
    """Refuse a checkpoint whose header, or a part of it, is incomplete, as that of another program may be.

    Raises:
        UserError: an entry is missing; the message names it.
    """
    missing = [name for name in names if not isinstance(entries, dict) or name not in entries]
    if missing:
        raise UserError(f"checkpoint {path}: has no entry {missing[0]!r} in its header; name another one")


class _DamagedError(Exception):
    """A file seems to be a damaged checkpoint."""


def _read(path: Path) -> Checkpoint:
    """As `read_checkpoint`, but a damaged file raises `_DamagedError`."""
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
    """Make `target`, atomically, another name for the contents of `source`; the same for the `.json` files."""
    with _disk_errors(target):
        for suffix in (".safetensors", ".json"):
            origin, goal = source.with_suffix(suffix), target.with_suffix(suffix)
            temporary = goal.with_name(goal.name + ".tmp")
            temporary.unlink(missing_ok=True)
            link_or_copy(origin, temporary)
            sync(temporary)
            temporary.replace(goal)
            # Renaming a link to the name of another link of the same file keeps both names.
            temporary.unlink(missing_ok=True)
        sync(target.parent)


class CheckpointFolder:
    """The checkpoints of one run: the last few `<stem>_<iteration>.safetensors`, and `<stem>_best.safetensors`.

    Args:
        folder: their folder, which need not exist.
        stem: start of the file names, the class of the network.
        keep_last: how many of the numbered files are kept.
    """

    def __init__(self, folder: Path, stem: str, keep_last: int) -> None:
        self.folder = folder
        self.stem = stem
        self.keep_last = keep_last

    @property
    def best(self) -> Path:
        """The path of the best checkpoint, which need not exist."""
        return self.folder / f"{self.stem}_best.safetensors"

    def numbered(self) -> list[Path]:
        """The numbered files, the latest first."""
        pattern = re.compile(re.escape(self.stem) + r"_(\d+)\.safetensors")
        found = [(int(match[1]), path) for path in self.folder.glob("*") if (match := pattern.fullmatch(path.name))]
        return [path for _, path in sorted(found, reverse=True)]

    def save(self, iteration: int, checkpoint: Checkpoint, best: bool = False) -> Path:
        """Write a numbered checkpoint, make it the best one, too, if `best`, and delete old ones.

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
        """Read the latest undamaged checkpoint, or the best one if all numbered ones are damaged.

        Damaged later files are renamed to `*.damaged`, so that they are not considered again.

        Returns:
            Its path and contents, and one complaint for each damaged later file; None if the folder has no checkpoint.

        Raises:
            UserError: all files are damaged, or one is not a checkpoint.
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
        temporary.unlink(missing_ok=True)  # a part of a file would only take space on the full disk
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
