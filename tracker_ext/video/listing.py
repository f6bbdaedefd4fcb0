"""Looking into folders: which pictures, videos and tables there are, and what is output of our own."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ltr_ext.errors import UserError
from tracker_ext.video.clip_writer import earlier_result
from tracker_ext.video.data_files import VIDEO_SUFFIXES
from tracker_ext.video.frames import is_picture
from tracker_ext.video.result_tables import CONFIDENCE_FILE, GIVEN_FILE

BOX_SUFFIXES = (".csv", ".txt", ".tsv", ".xml", ".json", ".zip")
"""Of files with boxes: lines, tables, and what annotation tools export."""
FRAME_FOLDERS = ("img", "img1", "imgs", "images", "frames", "color", "rgb", "jpegimages")
"""Where a sequence's frames are looked for, if not beside its boxes."""
VIDEO_RESULT = "masks"
"""Folder in the result of one video, beside `boxes*.txt` and `overlay.mp4`."""


@dataclass
class Listing:
    """The entries of one folder that count."""

    path: Path
    name: str
    """Path below the root; `.` for the root."""
    num_pictures: int = 0
    videos: list[str] = field(default_factory=list)
    tables: dict[str, list[str]] = field(default_factory=dict)
    """Name in lower case -> names."""
    folders: dict[str, list[str]] = field(default_factory=dict)
    """Name in lower case -> names."""

    def table(self, name: str) -> Path | None:
        """A table, whatever the case of its name."""
        return _found(self.path, self.tables, name)

    def folder(self, name: str) -> str | None:
        """Name below the root of a folder in this one, whatever its case."""
        found = _found(self.path, self.folders, name)
        return joined(self.name, found.name) if found is not None else None

    def all_folders(self) -> list[str]:
        """Names of the folders in this one."""
        return sorted(name for names in self.folders.values() for name in names)


def _found(folder: Path, names: dict[str, list[str]], name: str) -> Path | None:
    same = names.get(name.lower(), [])
    return folder / (name if name in same else same[0]) if same else None


def joined(parent: str, child: str) -> str:
    """Name of an entry of a listing."""
    return child if parent == "." else f"{parent}/{child}"


def walk(root: Path, unreadable: dict[str, str], again: dict[str, str], depth: int = 1000) -> Iterator[Listing]:
    """The listings of all folders below the root, but for hidden ones and for output of our own.

    Linked folders are followed; each real folder is looked into once, so that no circle of links is endless.

    Args:
        root: where to start.
        unreadable: gets folders that cannot be read -> why.
        again: gets folders that are links to one that was listed before -> its name; not what leads in circles.
        depth: of folders below the root.

    Raises:
        UserError: the root cannot be read.
    """
    visited: dict[tuple[int, int], str] = {}
    waiting = [(root, ".")]
    links: deque[tuple[Path, str]] = deque()  # later: a sequence has the name of its folder, not that of a link
    while waiting or links:
        path, name = waiting.pop() if waiting else links.popleft()
        try:
            status = path.stat()
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            if path == root:
                raise UserError(f"folder {root} cannot be read ({error.strerror}); check the path") from error
            unreadable[name] = f"cannot be read ({error.strerror})"
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in visited:
            if not path.parent.resolve().is_relative_to(path.resolve()):
                again[name] = visited[identity]
            continue
        visited[identity] = name
        if is_dataset_output(path):
            continue
        listing = _listed(path, name, entries)
        yield listing
        if name != "." and name.count("/") + 1 >= depth:
            continue
        children = [(path / child, joined(name, child)) for child in listing.all_folders()]
        links += [child for child in children if child[0].is_symlink()]
        waiting += [child for child in reversed(children) if not child[0].is_symlink()]


def _listed(path: Path, name: str, entries: Iterable[os.DirEntry[str]]) -> Listing:
    listing = Listing(path, name)
    ours = own_result(path)
    for entry in entries:
        if entry.name.startswith(".") or entry.name in ours:
            continue
        suffix = Path(entry.name).suffix.lower()
        if entry.is_dir():
            listing.folders.setdefault(entry.name.lower(), []).append(entry.name)
        elif is_picture(Path(entry.name)):
            listing.num_pictures += 1
        elif suffix in VIDEO_SUFFIXES:
            listing.videos.append(entry.name)
        elif suffix in BOX_SUFFIXES:
            listing.tables.setdefault(entry.name.lower(), []).append(entry.name)
    return listing


def is_dataset_output(folder: Path) -> bool:
    """Whether a folder is the output of an annotation job."""
    if not (folder / "settings.json").is_file() or not (folder / "sequences").is_dir():
        return False
    try:
        content = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"dataset", "formats", "weights_hash"} <= content.keys()


def own_result(folder: Path) -> frozenset[str]:
    """Names of the entries of a folder that an earlier run on one video wrote.

    That run lists them in its `result.json`; a file of this name that lists nothing of the kind is the user's. Where
    the list is gone, masks beside boxes and an overlay, or beside boxes and without frames, are taken for a result.
    """
    try:
        written, _ = earlier_result(folder)
    except RecursionError:
        written = frozenset()
    if all(isinstance(file, str) for file in written) and any(file.startswith(f"{VIDEO_RESULT}/") for file in written):
        return frozenset(file.partition("/")[0] for file in written) | {"result.json"}
    if not (folder / VIDEO_RESULT).is_dir():
        return frozenset()
    names = os.listdir(folder)
    boxes = {name for name in names if re.fullmatch(r"boxes(_\d+)?\.txt", name)}
    framed = any(
        is_picture(Path(name)) or name.lower() in FRAME_FOLDERS or Path(name).suffix.lower() in VIDEO_SUFFIXES
        for name in names
        if name != "overlay.mp4"
    )
    if boxes and ("overlay.mp4" in names or not framed):
        return frozenset(boxes | {VIDEO_RESULT, "overlay.mp4", GIVEN_FILE, CONFIDENCE_FILE})
    return frozenset()
