"""Data sets by name, the same on both hosts.

Import this module after `host.resolve()`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from pytracking.evaluation import Sequence, get_dataset
from pytracking.evaluation.datasets import dataset_dict

from ltr_ext.dataset.layouts import LAYOUTS
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.text import nearest, one_line, unknown
from tracker_ext.evaluation.dataset_names import BROKEN_UPSTREAM, ONLY_UPSTREAM, no_folder
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.registration import register


def load_sequences(dataset: str, sequence: str | None = None) -> list[Sequence]:
    """The sequences of a data set, or one of them.

    Args:
        dataset: a name of ours or of the host.
        sequence: a sequence's name, or its number from 0.

    Raises:
        UserError: unknown data set or sequence, or a data set that is not where the settings say, or not whole.
    """
    register()
    if dataset in BROKEN_UPSTREAM:
        raise UserError(f"data set {dataset}: {BROKEN_UPSTREAM[dataset]}")
    if dataset not in dataset_dict:
        if dataset in ONLY_UPSTREAM:
            raise UserError(f"data set {dataset}: {ONLY_UPSTREAM[dataset]}")
        raise UserError(f"data set {dataset}: {unknown(dataset, sorted(dataset_dict))}")
    if dataset in LAYOUTS:
        require_dataset(dataset, _listed_by_the_host(dataset))
    source = load_paths().source
    try:
        sequences = get_dataset(dataset)
    except UserError:
        raise
    except Exception as error:  # upstream's readers raise whatever they run into, `Exception` itself included
        reason = one_line(error) or type(error).__name__
        raise UserError(f"data set {dataset} cannot be read: {reason}; check its path in {source}") from error
    if not sequences:
        raise UserError(f"data set {dataset} has no sequences; check its path in {source}")
    names = [one.name for one in sequences]
    check_sequence_names(dataset, names)
    if sequence is None:
        return sequences
    if sequence in names:
        return [sequences[names.index(sequence)]]
    if sequence.isdecimal() and int(sequence) < len(names):
        return [sequences[int(sequence)]]
    meant = nearest(sequence, names)
    hint = f"; did you mean {meant}?" if meant else ""
    raise UserError(f"sequence {sequence}: not in {dataset}{hint}; it has {_some(names)}")


def find_sequences(dataset: str) -> list[Sequence]:
    """The sequences of a data set by name, or of a folder in DAVIS layout; `./name` is always a folder.

    Raises:
        UserError: see `load_sequences`; or there is no such folder.
    """
    register()
    folder = Path(dataset).expanduser()
    if dataset not in dataset_dict and folder.is_dir():
        return DavisFolderDataset(folder, name=folder.resolve().name).get_sequence_list()
    if dataset not in dataset_dict and ("/" in dataset or dataset.startswith("~")):
        raise no_folder(dataset)
    return load_sequences(dataset)


def check_sequence_names(dataset: str, names: list[str]) -> None:
    """Refuse names that would put result files outside the results folder.

    Raises:
        UserError: a name that is no plain file name.
    """
    for name in names:
        if name in ("", ".", "..") or any(mark in name for mark in ("/", "\\", "\0")):
            raise UserError(f"data set {dataset}: sequence name {name!r} is no file name; correct the data set's list")


def _listed_by_the_host(dataset: str) -> list[str] | None:
    """The names of LaSOT's test sequences, which the host knows and the data set need not."""
    if dataset != "lasot" or load_paths().lasot_dir is None:
        return None
    info = dataset_dict[dataset]
    return getattr(importlib.import_module(info.module), info.class_name)(**info.kwargs).sequence_list


def _some(names: list[str], limit: int = 40) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
