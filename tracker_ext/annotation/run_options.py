"""What one run of an annotation job does: options that may differ between two runs on one output folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltr_ext.errors import UserError
from tracker_ext.annotation.failures import FAILED_FILE, listed_names
from tracker_ext.annotation.settings import SETTINGS_FILE


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of a run, by the names that the command line has for them."""

    kind: str
    """A key of `DATASETS`, or "folder"."""
    out: Path
    """Output folder."""
    path: Path | None = None
    """The folder, for "folder"."""
    boxes: Path | None = None
    """Its box file, if all boxes are in one."""
    weights: Path | None = None
    """Weight file; None for the one that ships."""
    workers: int = 1
    """Processes, or tasks of a cluster."""
    limit: int | None = None
    """Sequences to make at most."""
    shard: tuple[int, int] = (1, 1)
    """(i, n): the i-th of n parts of the data set, i from 1."""
    only: tuple[str, ...] = ()
    """Names of sequences, or files with a column `sequence`: leave out all others."""
    redo: tuple[str, ...] = ()
    """Names as in `only`: make these again."""
    cluster: str | None = None
    """See `run_on_cluster`."""
    slurm: tuple[str, ...] = ()
    """`KEY=VALUE` options of submitit."""
    no_symlinks: bool = False
    """Pictures beside the masks are hard links or copies."""
    check_inputs: bool = False
    """Make sequences again whose boxes or frames have changed."""
    dry_run: bool = False
    """Estimate only."""

    def __post_init__(self) -> None:
        for name in ("workers", "limit"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} {value}: must be at least 1")
        if self.slurm and self.cluster != "slurm":
            raise ValueError(f"slurm {self.slurm[0]}: goes with --cluster slurm")


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n`, i from 1 to n.

    Raises:
        UserError: anything else.
    """
    first, _, second = text.partition("/")
    if first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise UserError(f"--shard {text}: write i/n with i from 1 to n, for example 1/4")


def parse_slurm(entries: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs; whole numbers become int.

    Raises:
        UserError: an entry without key or "=".
    """
    options: dict[str, Any] = {}
    for entry in entries:
        key, found, value = entry.partition("=")
        if not key or not found:
            raise UserError(f"--slurm {entry}: write KEY=VALUE, for example slurm_partition=gpu")
        options[key] = int(value) if value.isdecimal() else value
    return options


def sequence_names(entries: Sequence[str], option: str) -> frozenset[str] | None:
    """The sequences that `--only` or `--redo` name, themselves or in csv files with a column `sequence`.

    Args:
        entries: values of the option.
        option: its name, for messages.

    Returns:
        The names; None if the option is not given.

    Raises:
        UserError: a csv file that is not there or has no such column.
    """
    if not entries:
        return None
    names: set[str] = set()
    for entry in entries:
        path = Path(entry)
        if path.suffix != ".csv":
            names.add(entry)
        elif path.is_file() or (path.name == FAILED_FILE and (path.parent / SETTINGS_FILE).is_file()):
            names.update(listed_names(path) if path.is_file() else ())  # gone once nothing is left in it
        else:
            raise UserError(f"{option} {entry}: no such file; check the path, or name a sequence")
    return frozenset(names)
