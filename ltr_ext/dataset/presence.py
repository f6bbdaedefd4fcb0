"""Checks whether a data set lies complete where the settings say.

    require_dataset("got10k_val")

The message has one line. It names the data set, its path and the file that sets it, what was found there, and the first
missing entry.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.dataset.layouts import LAYOUTS, Expected
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.progress import Progress
from ltr_ext.text import one_line

SHOWN_NAMES = 5


def require_dataset(name: str, sequences: Collection[str] | None = None) -> Path:
    """Return the folder of a data set after checking that all of its files are there; only the lists are read.

    Args:
        name: a key of `LAYOUTS`.
        sequences: names of the sequences, if the data set's own lists do not name them (LaSOT's test set).

    Returns:
        The path in the settings.

    Raises:
        UserError: the path is not set, does not exist, or does not hold the complete data set.
    """
    layout = LAYOUTS[name]
    paths = load_paths()
    root = getattr(paths, layout.field)
    if root is None:
        raise UserError(
            f"data set {layout.title}: {layout.field} is not set: set it in {paths.file_to_edit} to {layout.holds}"
        )
    place = f"data set {layout.title}: {layout.field} = {root} (set in {paths.source})"
    if not root.is_dir():
        state = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"{place}: {state}; name {layout.holds}")
    try:
        found, expected, missing = count_entries(layout.entries(root, sequences), layout.title)
    except (OSError, ValueError) as error:
        raise UserError(f"{place}: {one_line(error)}; unpack that file again") from error
    if missing is not None:
        remedy = f"unpack the data set again, or name {layout.holds}"
        raise UserError(
            f"{place}: {found} of {expected} expected entries, first missing: {missing.relative_to(root)}; "
            f"{_contents(root)}; {remedy}"
        )
    if name.startswith("dv2016"):
        _check_single_object(root, place)
    return root


def count_entries(groups: Iterable[Expected], title: str) -> tuple[int, int, Path | None]:
    """Look for entries, folder by folder.

    Args:
        groups: folders and the names of their expected entries.
        title: name of the data set, for the progress bar.

    Returns:
        The numbers of found and of expected entries, and the first missing one.
    """
    found = expected = 0
    first: Path | None = None
    for folder, names in Progress(groups, desc=f"{title}: looking for its files", unit="folder", leave=False):
        there = set(os.listdir(folder)) if folder.is_dir() else set()
        lacking = [name for name in names if name not in there]
        expected += len(names)
        found += len(names) - len(lacking)
        if lacking and first is None:
            first = folder / lacking[0]
    return found, expected, first


def _contents(root: Path) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in root.iterdir())
    shown = ", ".join(names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"found there: {shown or 'nothing'}{more}"


def _check_single_object(root: Path, place: str) -> None:
    """Refuse DAVIS 2017 in place of DAVIS 2016: it has the lists of 2016, too, but other masks."""
    path = next((root / "Annotations" / "480p").glob("*/00000.png"))
    values = np.unique(read_mask(path))
    if set(values.tolist()) - {0, IGNORE_LABEL}:
        raise UserError(
            f"{place}: {path.relative_to(root)} holds ids {values[values > 0].tolist()}, as DAVIS 2017 does; the masks "
            f"of DAVIS 2016 hold one object, value 255: name the DAVIS 2016 package"
        )
