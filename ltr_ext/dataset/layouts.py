"""The files that belong to each data set, so that one that is only partly unpacked is recognised.

A layout yields pairs (folder, names of entries). Lists come before the files that they name; a missing list ends the
search, since the names of the other files are unknown without it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

Expected = tuple[Path, list[str]]
"""A folder, and the names of entries that it should have."""
Entries = Callable[[Path, Collection[str] | None], Iterator[Expected]]

GOT10K_LABELS = ("absence.label", "cover.label")
LASOT_FLAGS = ("full_occlusion.txt", "out_of_view.txt")
TRACKINGNET_SETS = range(12)


@dataclass(frozen=True)
class Layout:
    """The location of a data set, and the files of which it consists."""

    title: str
    """The name of the data set in messages."""
    field: str
    """The field of the settings that holds its path."""
    holds: str
    """A description of that path, for messages."""
    entries: Entries
    """(root, names of the sequences if the data set itself does not list them) -> the expected entries."""


def _got10k(root: Path, sequences: Collection[str] | None, *, split: str) -> Iterator[Expected]:
    base = root / split
    yield base, ["list.txt"]
    for name in _lines(base / "list.txt"):
        folder = base / name
        about = ["groundtruth.txt"] if split == "test" else ["groundtruth.txt", *GOT10K_LABELS]
        yield folder, about
        count = len(_lines(folder / "groundtruth.txt"))
        yield folder, [f"{number:08d}.jpg" for number in _numbers(folder, count, first=1, whole=split == "test")]


def _lasot(root: Path, sequences: Collection[str] | None, *, split: str) -> Iterator[Expected]:
    if sequences is None:
        # Older downloads of LaSOT have no lists.
        there = sorted(path.parent.name for path in root.glob("*/*-*/groundtruth.txt"))
        sequences = _lines(root / f"{split}_set.txt") or there
        if not sequences:
            yield root, [f"{split}_set.txt"]
    for name in sequences:
        folder = root / name.rsplit("-", 1)[0] / name
        yield folder, ["groundtruth.txt", *LASOT_FLAGS]
        count = len(_lines(folder / "groundtruth.txt"))
        yield folder / "img", [f"{number:08d}.jpg" for number in range(1, max(count, 1) + 1)]


def _trackingnet(root: Path, sequences: Collection[str] | None, *, parts: tuple[str, ...]) -> Iterator[Expected]:
    for part in parts:
        yield root / part, ["anno", "frames"]
        videos = sorted(path.stem for path in (root / part / "anno").glob("*.txt"))
        if not videos:
            yield root / part / "anno", ["<video>.txt"]
        for video in videos:
            count = len(_lines(root / part / "anno" / f"{video}.txt"))
            folder = root / part / "frames" / video
            yield folder, [f"{number}.jpg" for number in _numbers(folder, count, first=0, whole=part == "TEST")]


def _davis(root: Path, sequences: Collection[str] | None, *, version: str, split: str) -> Iterator[Expected]:
    listed = root / "ImageSets" / version / f"{split}.txt"
    yield listed.parent, [listed.name]
    images, masks = root / "JPEGImages" / "480p", root / "Annotations" / "480p"
    for name in _lines(listed):
        stems = _stems(images / name, ".jpg") | {"00000"}
        if split != "test-dev":
            stems |= _stems(masks / name, ".png")
        yield images / name, [f"{stem}.jpg" for stem in sorted(stems)]
        yield masks / name, ["00000.png"] if split == "test-dev" else [f"{stem}.png" for stem in sorted(stems)]


def _youtubevos(
    root: Path, sequences: Collection[str] | None, *, version: str, split: str, all_frames: bool = False
) -> Iterator[Expected]:
    base = root / version / split
    yield base, ["meta.json"]
    if not (base / "meta.json").is_file():
        return
    images = root / version / f"{split}_all_frames" if all_frames else base
    for name, frames in _described_frames(base / "meta.json"):
        stems = sorted({stem for seen in frames for stem in seen})
        yield images / "JPEGImages" / name, [f"{stem}.jpg" for stem in stems]
        yield base / "Annotations" / name, [f"{stem}.png" for stem in sorted({seen[0] for seen in frames})]


def _described_frames(meta: Path) -> list[tuple[str, list[list[str]]]]:
    """Pairs (video, frames of each object) of a `meta.json`.

    Raises:
        ValueError: the file has other contents.
    """
    try:
        videos = json.loads(meta.read_text(encoding="utf-8"))["videos"].items()
        described = [(name, [about["frames"] for about in video["objects"].values()]) for name, video in videos]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{meta} does not describe videos ({type(error).__name__}: {error})") from error
    if not all(seen for _, frames in described for seen in frames):
        raise ValueError(f"{meta} describes an object without frames")
    return described


def _vot(root: Path, sequences: Collection[str] | None) -> Iterator[Expected]:
    yield root, ["list.txt"]
    for name in _lines(root / "list.txt"):
        yield root / name, ["groundtruth.txt"]
        count = len(_lines(root / name / "groundtruth.txt"))
        yield root / name / "color", [f"{number:08d}.jpg" for number in range(1, max(count, 1) + 1)]


def _numbers(folder: Path, boxes: int, *, first: int, whole: bool) -> range:
    """The numbers of a sequence's frames, one per box.

    Test sequences have only the first box; with `whole`, the numbers go up to the last frame found in the folder.
    """
    last = first + max(boxes, 1) - 1
    if whole:
        last = max([last, *(int(stem) for stem in _stems(folder, ".jpg") if stem.isdecimal())])
    return range(first, last + 1)


def _stems(folder: Path, ending: str) -> set[str]:
    names = os.listdir(folder) if folder.is_dir() else []
    return {name.removesuffix(ending) for name in names if name.endswith(ending)}


def _lines(path: Path) -> list[str]:
    """The nonempty lines of a file; none if there is no such file."""
    if not path.is_file():
        return []
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


_GOT10K = "the folder that holds train, val, test"
_LASOT = "the folder that holds one folder per class"
_TRACKINGNET = "the folder that holds TRAIN_0 .. TRAIN_11, TEST"
_DAVIS = "the folder that holds JPEGImages/480p, Annotations/480p, ImageSets"
_VOT = "the folder that holds list.txt and one folder per sequence"


def _got10k_layout(split: str) -> Layout:
    return Layout(f"GOT-10k {split}", "got10k_dir", _GOT10K, partial(_got10k, split=split))


def _davis_layout(version: str, split: str, field: str) -> Layout:
    return Layout(f"DAVIS {version} {split}", field, _DAVIS, partial(_davis, version=version, split=split))


def _youtubevos_layout(version: str, split: str, all_frames: bool = False) -> Layout:
    title = f"YouTube-VOS {version} {split}" + " (all frames)" * all_frames
    entries = partial(_youtubevos, version=version, split=split, all_frames=all_frames)
    return Layout(title, "youtubevos_dir", f"the folder that holds {version}/{split}", entries)


LAYOUTS: dict[str, Layout] = {
    "got10k_train": _got10k_layout("train"),
    "got10k_ltrval": _got10k_layout("train"),
    "got10k_val": _got10k_layout("val"),
    "got10k_test": _got10k_layout("test"),
    "lasot_train": Layout("LaSOT training set", "lasot_dir", _LASOT, partial(_lasot, split="training")),
    "lasot": Layout("LaSOT test set", "lasot_dir", _LASOT, partial(_lasot, split="testing")),
    "trackingnet_train": Layout(
        "TrackingNet training sets", "trackingnet_dir", _TRACKINGNET,
        partial(_trackingnet, parts=tuple(f"TRAIN_{number}" for number in TRACKINGNET_SETS)),
    ),
    "trackingnet": Layout(
        "TrackingNet test set", "trackingnet_dir", _TRACKINGNET, partial(_trackingnet, parts=("TEST",))
    ),
    "dv2016_train": _davis_layout("2016", "train", "davis16_dir"),
    "dv2016_val": _davis_layout("2016", "val", "davis16_dir"),
    "dv2017_train": _davis_layout("2017", "train", "davis_dir"),
    "dv2017_val": _davis_layout("2017", "val", "davis_dir"),
    "dv2017_test_dev": _davis_layout("2017", "test-dev", "davis_testdev_dir"),
    **{
        f"yt{version}_{split}": _youtubevos_layout(version, split)
        for version in ("2018", "2019")
        for split in ("train", "valid", "test")
    },
    **{f"yt{version}_valid_all": _youtubevos_layout(version, "valid", True) for version in ("2018", "2019")},
    **{f"yt{version}_jjval": _youtubevos_layout(version, "train") for version in ("2018", "2019")},
    "yt2019_jjval_all": _youtubevos_layout("2019", "train", True),
    "yt300": _youtubevos_layout("2019", "train"),
    "vot2020": Layout("VOT2020", "vot2020_dir", _VOT, _vot),
}  # fmt: skip
"""Layouts by name. Evaluation sets have the names that the host gives them; those of training sets end in `_train`."""
