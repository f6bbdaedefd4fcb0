"""Whether a data set lies where the settings say, whole: one function, one message for all of them.

    require_dataset("got10k_val")

Which data set, which path is set and where, what was found there and what is the first thing missing, on one line.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from ltr_ext.data.image_io import IGNORE_LABEL, read_mask
from ltr_ext.dataset.layouts import LAYOUTS, Expected, Layout
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.progress import Progress

SHOWN_NAMES = 5


def require_dataset(name: str, sequences: Collection[str] | None = None) -> Path:
    """The folder of a data set, after a look for every file that belongs to it; only lists are opened.

    Args:
        name: of `LAYOUTS`: a data set for evaluation by the host's name, or one for training such as `yt2019_train`.
        sequences: names, where the data set's own lists do not say (LaSOT's test set).

    Returns:
        The path that the settings name.

    Raises:
        UserError: the path is not set, does not exist, or holds something else or less than the data set.
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
        raise UserError(f"{place}: {_one_line(error)}; unpack that file again") from error
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
    """Look for files, folder by folder.

    Args:
        groups: folders and the names that belong into them; drawn one by one, so a group may depend on the last one.
        title: for the progress bar.

    Returns:
        How many were found, how many were expected, and the first that is missing.
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
    """DAVIS 2017 has the lists of 2016, too, and its masks are not those of 2016."""
    path = next((root / "Annotations" / "480p").glob("*/00000.png"))
    values = np.unique(read_mask(path))
    if set(values.tolist()) - {0, IGNORE_LABEL}:
        raise UserError(
            f"{place}: {path.relative_to(root)} holds ids {values[values > 0].tolist()}, as DAVIS 2017 does; the masks "
            f"of DAVIS 2016 hold one object, value 255: name the DAVIS 2016 package"
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


__all__ = ["LAYOUTS", "Layout", "count_entries", "require_dataset"]
