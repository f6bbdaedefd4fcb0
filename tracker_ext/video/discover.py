"""Finding sequences below a folder: which frames belong to which box file, and which frames have none.

Only names are looked at; what is in a box file is the reader's matter. docs/annotation.md lists the layouts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ltr_ext.text import counted
from tracker_ext.video.box_frame_files import LISTS
from tracker_ext.video.frames import list_pictures
from tracker_ext.video.listing import BOX_SUFFIXES, FRAME_FOLDERS, Listing, joined, walk

BOX_FILES = (
    "groundtruth.txt", "boxes.txt", "boxes.csv", "groundtruth.csv", "groundtruth_rect.txt", "gt/gt.txt", "det/det.txt",
    "annotations.xml", "annotations/instances_default.json",
)  # fmt: skip
"""A sequence's box file in its folder, in lower case; the first one that is there."""
OTHER_BOX_FILES = (
    "gt.txt", "gt.csv", "bboxes.txt", "bboxes.csv", "annotations.txt", "annotations.csv", "annotations.json",
    "annotations.zip", "boxes.xml", "boxes.json", "boxes.zip",
)  # fmt: skip
"""The same, or a file called like its folder: names that say less, and count beside frames alone."""
DETECTIONS = "det/det.txt"
NUMBERED = re.compile(r"(groundtruth_rect|groundtruth|boxes)[._](\d{1,5})\.txt")
"""Box files of one object each: OTB's `groundtruth_rect.1.txt`."""
BOX_FOLDERS = ("gt", "anno", "annos", "annotations", "boxes", "bboxes", "labels", "groundtruth")
"""Where `<clip>.txt` is looked for, if not beside `<clip>`."""
VIDEO_FOLDERS = ("video", "videos")
"""Where a sequence's only video is looked for, if not beside its boxes."""
CLIP_FOLDERS = (*FRAME_FOLDERS, *VIDEO_FOLDERS, "clips", "sequences", "data_seq")
"""Folders of clips, beside which one of `BOX_FOLDERS` may lie, with the same folders in both."""
PAIRED = {
    "image_02": ("label_02",), "image_2": ("label_2",), "data": ("annotations",),
    **dict.fromkeys(CLIP_FOLDERS, BOX_FOLDERS),
}  # fmt: skip
"""Name of a folder of clips -> names of the folder of their box files; KITTI and ImageNet-VID have their own."""


@dataclass(frozen=True)
class FoundClip:
    """Frames and the boxes that belong to them."""

    frames: Path
    """A video file, or the folder that holds the pictures; a folder without any if there are no frames."""
    box_files: tuple[Path, ...]
    """One; or several of one object each; or a folder with a file for each frame."""
    folder: Path | None = None
    """The sequence's own, where flags may lie; None where the boxes lie beside it."""
    notes: tuple[str, ...] = ()


@dataclass
class Found:
    """What is below a folder."""

    clips: dict[str, FoundClip] = field(default_factory=dict)
    """By name: the path below the folder without suffix."""
    skipped: dict[str, str] = field(default_factory=dict)
    """What looks like a sequence and has no boxes, or cannot be looked into, and why."""


Frames = tuple[str, str]
"""Name of a listing, and of a video in it, or "" for its pictures."""


def discover(root: Path) -> Found:
    """Find the sequences below a folder.

    Raises:
        UserError: the folder cannot be read.
    """
    found = Found()
    again: dict[str, str] = {}
    listings = {listing.name: listing for listing in walk(root, found.skipped, again)}
    finder = _Finder(root, listings, again, found)
    steps = (
        finder.own, finder.folders_beside, finder.videos_beside, finder.frame_by_frame, finder.without_boxes
    )  # fmt: skip
    for step in steps:
        for listing in listings.values():
            step(listing)
    for name, first in again.items():
        if name not in found.clips:
            found.skipped[name] = f"the same folder as {first}"
    found.clips = dict(sorted(found.clips.items()))
    return found


def discover_frames(folder: Path) -> Path | None:
    """The frames of one clip in a folder: its pictures, those in `img/` and the like, or its only video."""
    listings = {listing.name: listing for listing in walk(folder, {}, {}, depth=1)}
    if "." not in listings:  # output of our own
        return None
    finder = _Finder(folder, listings, {}, Found())
    frames = finder.frames_of(listings["."])
    if frames is not None:
        return listings[frames[0]].path
    videos = finder.videos_of(listings["."])
    return videos[0][0].path / videos[0][1] if len(videos) == 1 else None


class _Finder:
    """Puts frames and boxes together, a kind of layout at a time."""

    def __init__(self, root: Path, listings: dict[str, Listing], again: dict[str, str], found: Found) -> None:
        self._root, self._listings, self._again, self._found = root, listings, again, found
        self._used: set[Frames] = set()
        self._taken: dict[Path, str] = {}
        """Box file -> sequence."""

    def own(self, listing: Listing) -> None:
        """The sequence whose box file lies in this folder."""
        files, notes = self._own_files(listing)
        if not files:
            return
        frames = self.frames_of(listing)
        if frames is None:
            lone = [video for video in self.videos_of(listing) if not self._beside(*video)]
            if len(lone) > 1:
                self._found.skipped[self._name(listing)] = (
                    f"{counted(len(lone), 'video')} and one {files[0].name}; give each video a box file of its name"
                )
                self._used.update((at.name, video) for at, video in lone)
                return
            frames = (lone[0][0].name, lone[0][1]) if lone else None
            weak = listing.path.name.lower() in (*BOX_FOLDERS, "det") or self._is_weak(files[0], listing)
            if frames is None and weak:
                return
        self._add(self._name(listing), frames, FoundClip(listing.path, files, listing.path, notes))

    def folders_beside(self, listing: Listing) -> None:
        """The folders of pictures in this folder that have a box file of their name."""
        for folder in listing.all_folders():
            name = joined(listing.name, folder)
            files = self._beside(listing, f"{folder}/")
            child = self._listings.get(self._again.get(name, name))
            frames = self.frames_of(child) if files and child else None
            if frames and (frames not in self._used or name in self._again):
                self._add(name, frames, FoundClip(listing.path, (files[0],), None, _also(files)))

    def videos_beside(self, listing: Listing) -> None:
        """The videos in this folder that have a box file of their name."""
        for video in sorted(listing.videos):
            files = self._beside(listing, video)
            if not files or (listing.name, video) in self._used:
                continue
            if files[0] in self._taken:
                reason = f"its boxes {files[0].name} are those of {self._taken[files[0]]}, too"
                self._found.skipped[joined(listing.name, video)] = reason
                self._used.add((listing.name, video))
                continue
            name = joined(listing.name, Path(video).stem)
            name = name if name not in self._found.clips else joined(listing.name, video)
            self._add(name, (listing.name, video), FoundClip(listing.path, (files[0],), None, _also(files)))

    def frame_by_frame(self, listing: Listing) -> None:
        """The pictures of this folder, or the videos in it, that have a folder with a file of boxes for each frame."""
        frames = self.frames_of(listing)
        if frames is not None and frames not in self._used:
            pictures = self._listings[frames[0]]
            stems = {path.stem.lower() for path in list_pictures(pictures.path)}
            for place in self._label_folders(listing, pictures):
                if any(_is_of_a_frame(name) and Path(name).stem in stems for name in place.tables):
                    self._add(self._name(listing), frames, FoundClip(listing.path, (place.path,)))
                    break
        for video in listing.videos:
            if (listing.name, video) in self._used:
                continue
            for parent in (listing, *(self._child(listing, name) for name in BOX_FOLDERS)):
                labels = parent and self._child(parent, Path(video).stem.lower())
                if labels and not labels.num_pictures and any(map(_is_of_a_frame, labels.tables)):
                    name = joined(listing.name, Path(video).stem)
                    self._add(name, (listing.name, video), FoundClip(listing.path, (labels.path,)))
                    break

    def _label_folders(self, listing: Listing, pictures: Listing) -> list[Listing]:
        """Where a file for each picture may lie: beside the pictures, beside their folder, or in the like place of a
        folder of boxes."""
        places = [pictures, listing, *(self._child(listing, name) for name in BOX_FOLDERS)]
        parts = pictures.name.split("/")
        for level, part in enumerate(parts):
            for name in PAIRED.get(part.lower(), ()):
                place = self._listings.get("/".join(parts[:level]) or ".")
                for step in (name, *parts[level + 1 :]):
                    place = place and self._child(place, step.lower())
                places.append(place)
        return [place for place in places if place is not None]

    def without_boxes(self, listing: Listing) -> None:
        """Frames of this folder that no sequence has taken."""
        if listing.num_pictures and (listing.name, "") not in self._used:
            names = sorted(name for same in listing.tables.values() for name in same)
            other = f" of a known name ({', '.join(names[:3])})" if names else ""
            self._found.skipped.setdefault(
                self._name(listing), f"{counted(listing.num_pictures, 'picture')} and no box file{other}"
            )
        for video in listing.videos:
            if (listing.name, video) not in self._used:
                self._found.skipped.setdefault(joined(listing.name, video), "a video and no box file")

    def _add(self, name: str, frames: Frames | None, clip: FoundClip) -> None:
        self._taken.update(dict.fromkeys(clip.box_files, name))
        if frames is not None:
            self._used.add(frames)
            listing = self._listings[frames[0]]
            path = listing.path / frames[1] if frames[1] else listing.path
            clip = FoundClip(path, clip.box_files, clip.folder, clip.notes)
        self._found.clips[name] = clip

    def _name(self, listing: Listing) -> str:
        """The root is called by its own name, unless a folder in it has that name."""
        own = self._root.resolve().name
        return own if listing.name == "." and own not in self._listings else listing.name

    def _own_files(self, listing: Listing) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """The box files of the sequence in this folder, and notes."""
        present = []
        for pattern in BOX_FILES:
            folder, _, file = pattern.rpartition("/")
            at = self._child(listing, folder) if folder else listing
            table = at and at.table(file)
            if table:
                present.append((pattern, table))
        numbered = {
            (match[1], int(match[2])): listing.path / names[0]
            for key, names in listing.tables.items()
            if (match := NUMBERED.fullmatch(key))
        }
        if not present and numbered:
            kind = sorted(numbered)[0][0]
            return tuple(path for (base, _), path in sorted(numbered.items()) if base == kind), ()
        given = [path for pattern, path in present if pattern != DETECTIONS] or [path for _, path in present]
        if not given:
            names = (*OTHER_BOX_FILES, *(f"{listing.path.name}{suffix}" for suffix in BOX_SUFFIXES))
            given = [path for name in names if (path := listing.table(name)) is not None]
        return tuple(given[:1]), _also(given)

    def _is_weak(self, path: Path, listing: Listing) -> bool:
        return path.name.lower() in OTHER_BOX_FILES or path.stem.lower() == listing.path.name.lower()

    def videos_of(self, listing: Listing) -> list[tuple[Listing, str]]:
        """The videos in this folder, or else in `video/` and the like."""
        children = [self._child(listing, name) for name in VIDEO_FOLDERS]
        places = [listing, *(child for child in children if child is not None)]
        place = next((place for place in places if place.videos), listing)
        return [(place, video) for video in sorted(place.videos)]

    def frames_of(self, listing: Listing) -> Frames | None:
        """The pictures of a sequence in this folder."""
        if listing.num_pictures:
            return listing.name, ""
        for name in FRAME_FOLDERS:
            child = self._child(listing, name)
            if child is not None and child.num_pictures:
                return child.name, ""
        return None

    def _child(self, listing: Listing, name: str) -> Listing | None:
        """A folder in a folder, by its name in lower case."""
        path = listing.folder(name)
        return self._listings.get(self._again.get(path, path)) if path else None

    def _beside(self, listing: Listing, clip: str) -> list[Path]:
        """Box files of a video, or of a `folder/`, in this folder that are called like it."""
        stem = clip[:-1] if clip.endswith("/") else Path(clip).stem
        places = [listing, *(self._child(listing, name) for name in BOX_FOLDERS)]
        parts = listing.name.split("/")
        for level, part in enumerate(parts):
            for name in PAIRED.get(part.lower(), ()):
                place = self._listings.get("/".join(parts[:level]) or ".")
                for step in (name, *parts[level + 1 :]):
                    place = place and self._child(place, step)
                places.append(place)
        return [
            table
            for place in places
            if place is not None
            for suffix in BOX_SUFFIXES
            if (table := place.table(f"{stem}{suffix}")) is not None
        ]


def _is_of_a_frame(name: str) -> bool:
    """Whether a file, in lower case, may have the boxes of one frame."""
    return name.endswith((".txt", ".json", ".xml")) and name not in LISTS


def _also(files: Sequence[Path]) -> tuple[str, ...]:
    """Notes on box files that were passed over for the first one."""
    return tuple(f"boxes of {files[0].name}, not of {other.name}" for other in files[1:])
