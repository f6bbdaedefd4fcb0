"""Data sets we add to the host's: the demo, one's own clips in two well-known layouts, VOT2020, more of YouTube-VOS."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.evaluation.datasets import dataset_dict

from ltr_ext.data.image_io import image_size
from ltr_ext.data.mask_io import read_mask
from ltr_ext.dataset.splits import split_yt300
from ltr_ext.errors import UserError
from ltr_ext.paths import load_paths
from tracker_ext.evaluation.dataset_names import davis_folders
from tracker_ext.evaluation.demo import write_demo
from tracker_ext.evaluation.mask_boxes import mask_boxes
from tracker_ext.evaluation.vot_sequences import read_sequence, read_sequence_names, store_masks
from tracker_ext.video.box_files import read_track
from tracker_ext.video.frames import list_pictures


class Clip(Sequence):
    """A sequence whose masks may have any form that `read_mask` knows; the host reads palette PNG alone."""

    def frame_info(self, frame_num: int) -> dict[str, Any]:
        """As the host has it, but the mask holds ids, and 0 and 1 where there is one object."""
        info = super().frame_info(frame_num)
        path = self.init_data.get(frame_num, {}).get("mask")
        if path is not None and info.get("init_mask") is not None:
            labels = read_mask(path)
            several = self.multiobj_mode
            info["init_mask"] = labels if several else (labels == int(self.object_ids[0])).astype(np.uint8)
        return info


class DavisFolderDataset(BaseDataset):
    """Any folder in DAVIS layout: `JPEGImages/480p/<seq>/*.jpg`, `Annotations/480p/<seq>/*.png`.

    Instead of `480p` also `1080p` or `Full-Resolution`, or the sequences without such a folder.

    A mask's pixel value is the object's id, 255 is "undecided" (in masks with 0 and 255 alone: the object). A
    sequence with several ids becomes a multi-object one; objects may enter later. Masks may be missing on
    frames where no object enters.
    """

    def __init__(self, root: str | Path | None = None, name: str = "clips") -> None:
        """Find the sequences.

        Args:
            root: the data set's folder; None for `clips_dir` of the settings.
            name: name of the data set.

        Raises:
            UserError: the path is not set, or is not of this layout.
        """
        super().__init__()
        self.root = Path(root) if root else load_paths().require("clips_dir", needed_for="data set clips")
        self.name = name
        self.images, self.masks = davis_folders(self.root, name)
        self.sequence_names = sorted(path.name for path in self.images.iterdir() if path.is_dir())

    def __len__(self) -> int:
        return len(self.sequence_names)

    def get_sequence_list(self) -> SequenceList:
        """All sequences; reads every mask, for the boxes."""
        return SequenceList([self.sequence(name) for name in self.sequence_names])

    def sequence(self, name: str) -> Sequence:
        """One sequence with boxes and masks.

        Raises:
            UserError: no frames, no masks, or a mask that does not fit the frames' names.
        """
        frames = list_pictures(self.images / name)
        if not frames:
            raise UserError(f"data set {self.name}: sequence {name} has no frames in {self.images / name}")
        masks = [self.masks / name / f"{frame.stem}.png" for frame in frames]
        self._check_sizes(name, frames, masks)
        boxes = mask_boxes([mask if mask.is_file() else None for mask in masks])
        if not boxes:
            raise UserError(
                f"data set {self.name}: sequence {name} has no object in {self.masks / name}; "
                f"masks are <frame name>.png with the object's id as pixel value"
            )
        ids = [str(object_id) for object_id in boxes]
        tracks = OrderedDict(zip(ids, boxes.values(), strict=True))
        several = len(ids) > 1
        return Clip(
            name,
            [str(frame) for frame in frames],
            self.name,
            tracks if several else tracks[ids[0]],
            ground_truth_seg=[str(mask) if mask.is_file() else None for mask in masks],
            init_data=_entries(tracks, masks),
            object_ids=ids,
            multiobj_mode=several,
        )

    def _check_sizes(self, name: str, frames: list[Path], masks: list[Path]) -> None:
        """Refuse a mask that is not of its frame's size; a file that is no picture is refused when it is read."""
        for frame, mask in zip(frames, masks, strict=True):
            sizes = _size(frame), _size(mask)
            if None not in sizes and sizes[0] != sizes[1]:
                (height, width), (mask_height, mask_width) = sizes  # type: ignore[misc]
                raise UserError(
                    f"data set {self.name}: sequence {name}, frame {frame.name} is {width}x{height}, its mask {mask} "
                    f"{mask_width}x{mask_height}; make them equal (resize masks by nearest neighbour)"
                )


class DemoDataset(DavisFolderDataset):
    """The demo clips; drawn on first use under the workspace folder of the settings."""

    def __init__(self, root: str | Path | None = None) -> None:
        root = Path(root) if root else load_paths().workspace_dir / "demo"
        write_demo(root)
        super().__init__(root, name="demo")


class BoxFolderDataset(BaseDataset):
    """Any folder in GOT-10k layout: `<seq>/*.jpg`, `<seq>/groundtruth.txt` with one `x,y,w,h` line per frame."""

    def __init__(self, root: str | Path | None = None, name: str = "boxclips") -> None:
        """Find the sequences.

        Args:
            root: the data set's folder; None for `boxclips_dir` of the settings.
            name: name of the data set.

        Raises:
            UserError: the path is not set, or holds no such sequence.
        """
        super().__init__()
        self.root = Path(root) if root else load_paths().require("boxclips_dir", needed_for="data set boxclips")
        self.name = name
        self.sequence_names = sorted(path.parent.name for path in self.root.glob("*/groundtruth.txt"))
        if not self.sequence_names:
            raise UserError(
                f"data set {name}: no <sequence>/groundtruth.txt in {self.root}; give a GOT-10k style folder"
            )

    def __len__(self) -> int:
        return len(self.sequence_names)

    def get_sequence_list(self) -> SequenceList:
        """All sequences, one object each.

        Raises:
            UserError: frame count and box count differ, or the first frame has no box.
        """
        return SequenceList([self._sequence(name) for name in self.sequence_names])

    def _sequence(self, name: str) -> Sequence:
        frames = list_pictures(self.root / name)
        path = self.root / name / "groundtruth.txt"
        boxes = read_track(path, len(frames))
        if not np.isfinite(boxes[0]).all():
            raise UserError(f"box file {path} line 1: the object must be there on the first frame")
        return Sequence(name, [str(frame) for frame in frames], self.name, boxes)


class Vot2020Dataset(BaseDataset):
    """VOT2020 from the first frame on, without the toolkit's restarts: one object, masks on every frame.

    The masks are text in the data set; they are written once as PNG into the workspace folder of the settings.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        """Read the list.

        Args:
            root: the folder with `list.txt`; None for `vot2020_dir` of the settings.

        Raises:
            UserError: the path is not set, or there is no list.
        """
        super().__init__()
        self.root = Path(root) if root else load_paths().require("vot2020_dir", needed_for="data set vot2020")
        self.sequence_names = read_sequence_names(self.root)

    def __len__(self) -> int:
        return len(self.sequence_names)

    def get_sequence_list(self) -> SequenceList:
        """All sequences.

        Raises:
            UserError: frames or regions are missing or broken, or the first frame has no object.
        """
        return SequenceList([self._sequence(name) for name in self.sequence_names])

    def _sequence(self, name: str) -> Sequence:
        clip = read_sequence(self.root / name)
        masks = store_masks(clip, load_paths().workspace_dir / "vot2020_masks" / name)
        return Sequence(
            name,
            [str(frame) for frame in clip.frames],
            "vot2020",
            clip.boxes,
            ground_truth_seg=[str(mask) for mask in masks],
            object_ids=["1"],
        )


class YouTubeVOS2018Valid(BaseDataset):
    """The validation set of 2018, every fifth frame; the host has that of 2019, and all frames of both."""

    def __init__(self) -> None:
        super().__init__()
        self._videos = _host_youtubevos(version="2018", split="valid")

    def __len__(self) -> int:
        return len(self._videos)

    def get_sequence_list(self) -> SequenceList:
        """All sequences."""
        return SequenceList(self._videos.get_sequence_list())


class YT300Dataset(BaseDataset):
    """YT300: what training leaves out of the training set of YouTube-VOS 2019 (`ltr_ext.dataset.splits`)."""

    def __init__(self) -> None:
        super().__init__()
        root = load_paths().require("youtubevos_dir", needed_for="data set yt300")
        _, held_out = split_yt300(root / "2019" / "train" / "JPEGImages")
        self._videos = _host_youtubevos(version="2019", split="train", sequences=held_out)

    def __len__(self) -> int:
        return len(self._videos)

    def get_sequence_list(self) -> SequenceList:
        """All sequences."""
        return SequenceList(self._videos.get_sequence_list())


def _size(path: Path) -> tuple[int, int] | None:
    """(height, width) of a picture by its header; None if it cannot be read."""
    try:
        return image_size(path)
    except UserError:
        return None


def _host_youtubevos(version: str, split: str, sequences: list[str] | None = None) -> Any:
    """The host's reader of YouTube-VOS; six objects of the training set enter later than its lists say."""
    info = dataset_dict["yt2019_valid"]
    reader = getattr(importlib.import_module(info.module), info.class_name)
    return reader(version=version, split=split, sequences=sequences, cleanup=["starts"])


def _entries(tracks: dict[str, np.ndarray], masks: list[Path]) -> dict[int, dict[str, object]]:
    """Frame -> which objects enter there, with boxes and mask: the host's `init_data`."""
    entries: dict[int, dict[str, object]] = {}
    for object_id, track in tracks.items():
        frame = int(np.flatnonzero(np.isfinite(track).all(axis=1))[0])
        entry = entries.setdefault(frame, {"bbox": OrderedDict(), "mask": str(masks[frame]), "object_ids": []})
        entry["bbox"][object_id] = track[frame].tolist()  # type: ignore[index]
        entry["object_ids"].append(object_id)  # type: ignore[attr-defined]
    return entries
