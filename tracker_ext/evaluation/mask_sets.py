"""Data sets of MaskTrack's paper (section 5.1): SegTrack v2 and YouTube-Objects, black and white masks of one object.

The masks lie in many forms: bitmaps, PNG or JPEG, with noise at their edges. They are written once as PNG of 0 and 1
into the workspace folder of the settings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList

from ltr_ext.data.mask_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.output import OutputFolder
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.mask_boxes import mask_boxes
from tracker_ext.video.frames import list_pictures

SOURCE_FILE = "masks.sha256"
"""Beside stored masks: which files they were made of."""
NOISE = 15
"""Grey values up to this are black, however dark the mask is."""


@dataclass(frozen=True)
class MaskedClip:
    """One object of a video."""

    name: str
    frames: SequenceOf[Path]
    masks: SequenceOf[Path | None]
    """Of each frame; None where there is none."""


class SegTrackDataset(BaseDataset):
    """SegTrack v2: a sequence for each of the 24 objects, called `<video>`, or `<video>_<object>` where it has several.

    `JPEGImages/<video>/<frame>.*`, `GroundTruth/<video>/<frame>.*` or `GroundTruth/<video>/<object>/<frame>.*`.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        """Find the sequences.

        Args:
            root: the data set's folder; None for `segtrack_dir` of the settings.

        Raises:
            UserError: the path is not set, or is not of this layout.
        """
        super().__init__()
        self.root = Path(root) if root else load_paths().require("segtrack_dir", needed_for="data set segtrack_v2")
        self.clips = segtrack_clips(self.root)

    def __len__(self) -> int:
        return len(self.clips)

    def get_sequence_list(self) -> SequenceList:
        """All sequences; reads every mask, for the boxes."""
        return SequenceList([as_sequence(clip, "segtrack_v2") for clip in self.clips])


class YouTubeObjectsDataset(BaseDataset):
    """YouTube-Objects with the masks of Jain and Grauman (ECCV 2014), every tenth frame: `<class>_<video>_<shot>`.

    Masks `youtube_masks/<class>/data/<video>/shots/<shot>/labels/<number>.*`, frames in `images` beside `labels`, or in
    `v1/<class>/data/<video>/shots/<shot>`, called `frame<number>.jpg`. Either folder may be missing in the paths, so
    that classes lie in the data set's folder itself. A sequence begins with its first mask.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        """Find the sequences.

        Args:
            root: the data set's folder; None for `youtube_objects_dir` of the settings.

        Raises:
            UserError: the path is not set, or is not of this layout.
        """
        super().__init__()
        needed_for = "data set youtube_objects"
        self.root = Path(root) if root else load_paths().require("youtube_objects_dir", needed_for=needed_for)
        self.clips = youtube_objects_clips(self.root)

    def __len__(self) -> int:
        return len(self.clips)

    def get_sequence_list(self) -> SequenceList:
        """All sequences; reads every mask, for the boxes."""
        return SequenceList([as_sequence(clip, "youtube_objects") for clip in self.clips])


def segtrack_clips(root: Path) -> list[MaskedClip]:
    """The clips of SegTrack v2.

    Raises:
        UserError: a folder is missing, or masks fit no frame.
    """
    images, masks = root / "JPEGImages", root / "GroundTruth"
    if not images.is_dir() or not masks.is_dir():
        raise UserError(
            f"data set segtrack_v2: {root} has no folders JPEGImages and GroundTruth; name SegTrack v2 as unpacked"
        )
    clips = []
    for video in sorted(path.name for path in images.iterdir() if path.is_dir()):
        frames = list_pictures(images / video)
        own = masks / video
        objects = sorted(path for path in own.iterdir() if path.is_dir()) if own.is_dir() else []
        for folder in objects or [own]:
            found = {path.stem: path for path in list_pictures(folder)} if folder.is_dir() else {}
            matched = [found.get(frame.stem) for frame in frames]
            if not any(matched):
                raise UserError(
                    f"data set segtrack_v2: no mask in {folder} is called as a frame in {images / video}; unpack it "
                    "again"
                )
            name = f"{video}_{folder.name}" if len(objects) > 1 else video
            clips.append(MaskedClip(name, frames, matched))
    if not clips:
        raise UserError(f"data set segtrack_v2: {images} holds no videos; name SegTrack v2 as unpacked")
    return clips


def youtube_objects_clips(root: Path) -> list[MaskedClip]:
    """The clips of YouTube-Objects that have masks.

    Raises:
        UserError: there are none, frames are missing, or masks fit no frame.
    """
    below = next((root / name for name in ("youtube_masks", "") if any((root / name).glob("*/data/*/shots"))), root)
    clips = []
    for labels in sorted(below.glob("*/data/*/shots/*/labels")):
        shot = labels.parent
        kind, _, video, _, number = shot.relative_to(below).parts
        places = (shot / "images", root / "v1" / shot.relative_to(below), root / shot.relative_to(below))
        frames = next((found for place in places if place.is_dir() and (found := list_pictures(place))), [])
        if not frames:
            raise UserError(f"data set youtube_objects: no frames of {shot}; put them into {places[0]} or {places[1]}")
        masks = {_number(path): path for path in list_pictures(labels)}
        matched = [masks.get(_number(frame)) for frame in frames]
        if not any(matched):
            raise UserError(
                f"data set youtube_objects: no mask in {labels} has the number of a frame in {frames[0].parent}; "
                "unpack it again"
            )
        first = next(index for index, mask in enumerate(matched) if mask is not None)
        clips.append(MaskedClip(f"{kind}_{video}_{number}", frames[first:], matched[first:]))
    if not clips:
        raise UserError(
            f"data set youtube_objects: no youtube_masks/<class>/data/<video>/shots/<shot>/labels in {root}; name the "
            "folder with the masks of Jain and Grauman"
        )
    return clips


def as_sequence(clip: MaskedClip, dataset: str) -> Sequence:
    """The host's sequence of a clip, its masks stored as PNG of 0 and 1.

    Raises:
        UserError: masks cannot be read or are of another size than the frames, or the object is on none of them.
    """
    masks = store_binary(clip, load_paths().workspace_dir / f"{dataset}_masks" / clip.name)
    boxes = mask_boxes(masks)
    if 1 not in boxes:
        raise UserError(f"data set {dataset}: sequence {clip.name}: its masks are black; unpack it again")
    first = int(np.flatnonzero(np.isfinite(boxes[1]).all(axis=1))[0])
    return Sequence(
        clip.name,
        [str(frame) for frame in clip.frames[first:]],
        dataset,
        boxes[1][first:],
        ground_truth_seg=[None if mask is None else str(mask) for mask in masks[first:]],
        object_ids=["1"],
    )


def store_binary(clip: MaskedClip, folder: Path) -> list[Path | None]:
    """Write the masks as `<frame stem>.png` of 0 and 1; what was written of the same files is kept.

    White is what is brighter than half of the brightest pixel of the clip's masks, and than `NOISE`.

    Args:
        clip: the clip.
        folder: where the masks go.

    Returns:
        A path per frame, None where there is no mask.

    Raises:
        UserError: a mask cannot be read, or is of another size than its frame.
    """
    paths = [
        None if mask is None else folder / f"{frame.stem}.png"
        for frame, mask in zip(clip.frames, clip.masks, strict=True)
    ]
    known = [mask for mask in clip.masks if mask is not None]
    facts = [f"{mask} {mask.stat().st_size} {mask.stat().st_mtime_ns}" for mask in known]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()
    source = folder / SOURCE_FILE
    if source.is_file() and source.read_text(encoding="utf-8") == digest:
        return paths
    level = max(NOISE, max(int(_grey(mask).max()) for mask in known) // 2)
    with OutputFolder(folder) as work:
        for frame, mask, path in zip(clip.frames, clip.masks, paths, strict=True):
            if mask is None or path is None:
                continue
            grey = _grey(mask)
            size = _size(frame)
            if (grey.shape[1], grey.shape[0]) != size:
                raise UserError(
                    f"mask {mask} is of {grey.shape[1]}x{grey.shape[0]} pixels, frame {frame.name} of "
                    f"{size[0]}x{size[1]}; unpack them again"
                )
            write_mask(work / path.name, grey > level)
        (work / SOURCE_FILE).write_text(digest, encoding="utf-8")
    return paths


def _grey(path: Path) -> np.ndarray:
    """[H, W] uint8: a picture's brightness."""
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("L"))
    except (OSError, ValueError) as error:
        raise UserError(f"mask {path} cannot be read ({error}); unpack it again") from error


def _size(path: Path) -> tuple[int, int]:
    """(width, height) of a picture."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, ValueError) as error:
        raise UserError(f"frame {path} cannot be read ({error}); unpack it again") from error


def _number(path: Path) -> int:
    """The number at the end of a file's name; -1 without one."""
    found = re.search(r"(\d+)$", path.stem)
    return int(found[1]) if found else -1
