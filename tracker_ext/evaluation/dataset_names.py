"""Names and folders of data sets, looked at before anything slow is imported."""

from __future__ import annotations

import ast
from pathlib import Path

from ltr_ext.dataset.layouts import LAYOUTS
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from ltr_ext.text import unknown

_MODULE = "tracker_ext.evaluation.datasets"
_MASK_SETS = "tracker_ext.evaluation.mask_sets"
DATASETS: dict[str, tuple[str, str, dict[str, object]]] = {
    "demo": (_MODULE, "DemoDataset", {}),
    "clips": (_MODULE, "DavisFolderDataset", {}),
    "boxclips": (_MODULE, "BoxFolderDataset", {}),
    "vot2020": (_MODULE, "Vot2020Dataset", {}),
    "yt2018_valid": (_MODULE, "YouTubeVOS2018Valid", {}),
    "yt300": (_MODULE, "YT300Dataset", {}),
    "segtrack_v2": (_MASK_SETS, "SegTrackDataset", {}),
    "youtube_objects": (_MASK_SETS, "YouTubeObjectsDataset", {}),
}
"""Our data sets: name -> (module, class name, keyword arguments), the form the host registers."""
_LIST = "its list of sequences comes with pytracking only: run on it (--host upstream)"
ONLY_UPSTREAM = {
    **dict.fromkeys(("yt2018_jjval", "yt2019_jjval", "yt2019_jjval_all"), f"{_LIST}, or take yt300, the same videos"),
    "got10k_ltrval": _LIST,
}
"""Data sets that minihost cannot have, and why."""
BROKEN_UPSTREAM = {
    "dv2017_test_chal": "pytracking lists it, but its reader knows no such split; take dv2017_test_dev",
    **dict.fromkeys(
        ("got10kvos_val", "lasotvos", "trackingnetvos"),
        "pytracking lists it, but its reader hands over masks where their files are wanted; take the set without vos",
    ),
}
"""Data sets of upstream's that nobody can run, and why."""
RESOLUTIONS = ("480p", "1080p", "Full-Resolution", "")
"""Folders that DAVIS has below `JPEGImages` and `Annotations`, best known first; "" is the folder itself."""
_OWN_FOLDERS = {
    "clips": "clips_dir",
    "boxclips": "boxclips_dir",
    "segtrack_v2": "segtrack_dir",
    "youtube_objects": "youtube_objects_dir",
}


def check_dataset(dataset: str, home: Path) -> None:
    """Refuse a data set that is unknown or not there, as far as that shows without reading it.

    Args:
        dataset: a name, or a folder in DAVIS layout.
        home: folder of the host.

    Raises:
        UserError: no such name (the nearest is named) or folder, or a path that is not set or not there.
    """
    known = host_names(home)
    folder = Path(dataset).expanduser()
    if dataset not in (known or ()) and folder.is_dir():
        davis_folders(folder, folder.resolve().name)
    elif dataset not in (known or ()) and ("/" in dataset or dataset.startswith("~") or folder.exists()):
        raise no_folder(dataset)
    elif known is not None and dataset not in {*known, *ONLY_UPSTREAM, *BROKEN_UPSTREAM}:
        raise UserError(f"data set {dataset}: {unknown(dataset, sorted(known))}")
    elif dataset in _OWN_FOLDERS:
        root = load_paths().require(setting_of(dataset), needed_for=f"data set {dataset}")
        if dataset == "clips":
            davis_folders(root, dataset)
    elif dataset in LAYOUTS:
        root_or_none = getattr(load_paths(), setting_of(dataset))
        if root_or_none is None or not root_or_none.is_dir():
            require_dataset(dataset)


def setting_of(dataset: str) -> str:
    """The setting that says where a data set lies: of our own folders, and of those in `LAYOUTS`."""
    return _OWN_FOLDERS.get(dataset) or LAYOUTS[dataset].field


def host_names(home: Path) -> set[str] | None:
    """The names of the host's data sets and ours, read from the host's source; None if they cannot be told.

    Args:
        home: folder of the host.
    """
    try:
        tree = ast.parse((home / "pytracking" / "evaluation" / "datasets.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not any(isinstance(target, ast.Name) and target.id == "dataset_dict" for target in targets):
            continue
        value = getattr(node, "value", None)
        if isinstance(value, ast.Dict):
            return {str(key.value) for key in value.keys if isinstance(key, ast.Constant)} | set(DATASETS)
        if isinstance(value, ast.Call):
            return {keyword.arg for keyword in value.keywords if keyword.arg} | set(DATASETS)
    return None


def no_folder(dataset: str) -> UserError:
    """The error for a path that is no folder."""
    return UserError(f"data set {dataset}: no such folder; check the path, or name a data set")


def davis_folders(root: Path, name: str) -> tuple[Path, Path]:
    """The folders of frames and of masks, with one folder per sequence each.

    `JPEGImages/480p` and `Annotations/480p`, or one of the other `RESOLUTIONS`, or without any.

    Args:
        root: the data set's folder.
        name: the data set's name, for messages.

    Raises:
        UserError: there are none, or of different resolutions.
    """
    found = []
    for part in ("JPEGImages", "Annotations"):
        if not (root / part).is_dir():
            raise UserError(f"data set {name}: {root / part} is not a folder; give a folder in DAVIS layout")
        found.append([resolution for resolution in RESOLUTIONS if _has_sequences(root / part, resolution)])
    images, masks = found
    if not images:
        raise UserError(
            f"data set {name}: {root / 'JPEGImages'} has no sequences; put one folder of frames a clip there"
        )
    both = [resolution for resolution in images if resolution in masks]
    if not both and masks:
        shown = [" and ".join(one or "sequences" for one in part) for part in found]
        raise UserError(
            f"data set {name}: {root} has frames in JPEGImages ({shown[0]}), masks in Annotations ({shown[1]}); give "
            "both in one resolution"
        )
    chosen = (both or images)[0]
    return root / "JPEGImages" / chosen, root / "Annotations" / chosen


def _has_sequences(folder: Path, resolution: str) -> bool:
    """Whether a folder holds folders that are not resolutions themselves."""
    place = folder / resolution
    return place.is_dir() and any(path.is_dir() and path.name not in RESOLUTIONS for path in place.iterdir())
