"""Adds our train settings, parameter modules and data sets to the host, by name.

    host.resolve()
    register()

After these calls, the host finds `ltr.train_settings.box2mask.lite`, `pytracking.parameter.lwl.box2mask_init` and the
data set `demo`, for example; its own entries are unchanged. Without the calls the host is unchanged. Trackers need no
entry, since our parameter modules name their tracker class (see `tracker_handle`).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from pathlib import Path

from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY

_EXTENDED_PACKAGES = {
    "ltr.train_settings": REPOSITORY / "ltr_ext" / "train_settings",
    "pytracking.parameter": REPOSITORY / "tracker_ext" / "parameter",
}


@dataclass(frozen=True)
class Registered:
    """The entries that were added to the host."""

    modules: tuple[str, ...]
    """Full names of modules, such as `pytracking.parameter.lwl.box2mask_init`."""
    datasets: tuple[str, ...]
    """Names of data sets."""


_registered: Registered | None = None


def register() -> Registered:
    """Add our entries to the host; later calls have no effect and return the same.

    `host.resolve()` must be called before.

    Raises:
        UserError: the host already has an entry with one of our names; nothing is added then.
    """
    global _registered
    if _registered is None:
        from pytracking.evaluation.datasets import DatasetInfo, dataset_dict

        from tracker_ext.evaluation.dataset_names import DATASETS

        ours = {package: modules_below(folder) for package, folder in _EXTENDED_PACKAGES.items()}
        taken = [f"module {name}" for package, names in ours.items() for name in taken_modules(package, names)]
        taken += [f"data set {name}" for name in DATASETS if name in dataset_dict]
        if taken:
            raise UserError(f"{', '.join(taken)}: the host has an entry of that name already; rename one of the two")
        for package, folder in _EXTENDED_PACKAGES.items():
            extend(package, folder)
        dataset_dict.update({name: DatasetInfo(*entry) for name, entry in DATASETS.items()})
        modules = tuple(f"{package}.{name}" for package, names in ours.items() for name in names)
        _registered = Registered(modules, tuple(DATASETS))
    return _registered


def modules_below(folder: Path) -> list[str]:
    """`<subfolder>.<module>` for every module in a package one level below `folder`, sorted."""
    groups = [info.name for info in pkgutil.iter_modules([str(folder)]) if info.ispkg]
    return sorted(f"{group}.{info.name}" for group in groups for info in pkgutil.iter_modules([str(folder / group)]))


def taken_modules(package: str, names: list[str]) -> list[str]:
    """The full names of those modules `<group>.<module>` that `package` already has."""
    importlib.import_module(package)
    taken = []
    for name in names:
        group = f"{package}.{name.split('.')[0]}"
        if importlib.util.find_spec(group) is not None and importlib.util.find_spec(f"{package}.{name}") is not None:
            taken.append(f"{package}.{name}")
    return taken


def extend(package: str, folder: Path) -> None:
    """Make `package` find the groups in `folder`; in a group that both have, it finds the modules of both.

    The host's own path stays first, so none of its modules is hidden.
    """
    module = importlib.import_module(package)
    for info in pkgutil.iter_modules([str(folder)]):
        if info.ispkg and importlib.util.find_spec(f"{package}.{info.name}") is not None:
            importlib.import_module(f"{package}.{info.name}").__path__.append(str(folder / info.name))
    module.__path__.append(str(folder))
