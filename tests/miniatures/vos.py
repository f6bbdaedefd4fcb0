"""DAVIS and YouTube-VOS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from miniatures.shapes import Frame, draw_clip, write_labels, write_lines, write_picture, write_text

YOUTUBE_STEP = 5
"""Annotated frames are five apart; the frames between are in the `_all_frames` folders."""


YT300 = ("01e64dd36a", "031ccc99b1", "04259896e2", "691a111e7c", "97ab569ff3", "d82a0aa15b")
"""Some names of the held-out part of the training set."""


def youtubevos_names(version: str, split: str, sequences: int) -> list[str]:
    """Ten hexadecimal digits per sequence, sorted, as in the data set; a third of `train`, at most, is of YT300."""
    digests = [hashlib.sha256(f"{version}{split}{i}".encode()).hexdigest()[:10] for i in range(sequences)]
    if split == "train":
        held_out = YT300[: sequences // 3]
        digests[: len(held_out)] = held_out
    return sorted(digests)


def make_youtubevos(
    root: str | Path,
    *,
    version: str = "2019",
    splits: Sequence[str] = ("train", "valid", "test"),
    sequences: int = 4,
    frames: int = 5,
    all_frames: bool = True,
) -> Path:
    """`<root>/<version>/<split>/{JPEGImages,Annotations}/<sequence>/<frame>.{jpg,png}`, `meta.json`.

    Two objects per sequence. In every second sequence object 2 enters two frames late. In `train` every frame has a
    mask, but for one in the middle of the last sequence; in `valid` and `test` only those where an object enters.
    `<split>_all_frames/JPEGImages` holds the frames between, too.

    Args:
        root: folder that `youtubevos_dir` names.
        version: "2018" or "2019".
        splits: of "train", "valid", "test".
        sequences: per split.
        frames: annotated ones per sequence, at least 4.
        all_frames: whether to write the `_all_frames` folders.
    """
    root = Path(root)
    for split in splits:
        base = root / version / split
        described = {}
        names = youtubevos_names(version, split, sequences)
        for number, name in enumerate(names):
            late = 2 if number % 2 else 0
            enters = {1: 0, 2: late}
            count = (frames - 1) * YOUTUBE_STEP + 1
            clip = draw_clip(name, count, 2, absent={2: set(range(late * YOUTUBE_STEP))})
            kept = range(0, count, YOUTUBE_STEP)
            for t in range(count):
                if all_frames:
                    write_picture(
                        root / version / f"{split}_all_frames/JPEGImages" / name / f"{t:05d}.jpg", clip[t].image
                    )
                if t in kept:
                    write_picture(base / "JPEGImages" / name / f"{t:05d}.jpg", clip[t].image)
            for order, t in enumerate(kept):
                entering = [i for i, first in enters.items() if first == order]
                forgotten = number == len(names) - 1 and order == frames // 2 + 1
                if (split == "train" and not forgotten) or entering:
                    seen = clip[t].labels
                    if split != "train":
                        seen = np.where(np.isin(seen, entering), seen, 0).astype(np.uint8)
                    write_labels(base / "Annotations" / name / f"{t:05d}.png", seen)
            described[name] = {
                "objects": {
                    str(i): {"category": category, "frames": [f"{t:05d}" for t in kept[first:]]}
                    for (i, first), category in zip(enters.items(), ("penguin", "surfboard"), strict=True)
                }
            }
        write_text(base / "meta.json", json.dumps({"videos": described}, indent=1))
    return root


DAVIS_TRAIN = ("bear", "bmx-bumps", "boat")
DAVIS_VAL = ("blackswan", "bmx-trees")
DAVIS_OBJECTS = {"bear": 1, "bmx-bumps": 2, "boat": 1, "blackswan": 1, "bmx-trees": 2}


def make_davis(root: str | Path, *, frames: int = 5) -> Path:
    """DAVIS 2017 trainval, 480p: three training and two validation sequences, of one object or two.

    Masks of all frames; `ImageSets/2016` lists the same videos, whose objects count as one there. One frame of
    `bmx-bumps` has pixels of value 255, "undecided".
    """
    root = Path(root)
    for name, objects in DAVIS_OBJECTS.items():
        clip = draw_clip(name, frames, objects)
        if name == "bmx-bumps":
            clip[1].labels[:3, :3] = 255
        _write_davis_clip(root, name, clip)
    for version in ("2016", "2017"):
        write_lines(root / "ImageSets" / version / "train.txt", list(DAVIS_TRAIN))
        write_lines(root / "ImageSets" / version / "val.txt", list(DAVIS_VAL))
    write_lines(root / "ImageSets/2016/trainval.txt", [*DAVIS_TRAIN, *DAVIS_VAL])
    write_lines(root / "README.md", ["DAVIS 2017, miniature"])
    write_lines(root / "SOURCES.md", ["drawn"])
    return root


def make_davis16(root: str | Path, *, frames: int = 5) -> Path:
    """DAVIS 2016, 480p: the videos of DAVIS 2017, all objects of a video as one, in masks of 0 and 255.

    Lists as the package of 2016 has them, `ImageSets/480p/*.txt` with a picture and a mask a line, and as that of 2017
    has them, `ImageSets/2016/*.txt` with a sequence a line.
    """
    root = Path(root)
    for name, objects in DAVIS_OBJECTS.items():
        clip = draw_clip(name, frames, objects)
        _write_davis_clip(root, name, [Frame(one.image, np.uint8(255) * (one.labels > 0)) for one in clip])
    for split, names in (("train", DAVIS_TRAIN), ("val", DAVIS_VAL)):
        pairs = [
            f"/JPEGImages/480p/{name}/{t:05d}.jpg /Annotations/480p/{name}/{t:05d}.png"
            for name in names
            for t in range(frames)
        ]
        write_lines(root / "ImageSets/480p" / f"{split}.txt", pairs)
        write_lines(root / "ImageSets/2016" / f"{split}.txt", list(names))
    write_lines(root / "ImageSets/2016/trainval.txt", [*DAVIS_TRAIN, *DAVIS_VAL])
    return root


def make_davis_testdev(root: str | Path, *, frames: int = 5) -> Path:
    """DAVIS 2017 test-dev, 480p: two sequences, the mask of the first frame only."""
    root = Path(root)
    names = {"aerobatics": 2, "car-race": 3}
    for name, objects in names.items():
        _write_davis_clip(root, name, draw_clip(name, frames, objects), masks=1)
    write_lines(root / "ImageSets/2017/test-dev.txt", list(names))
    return root


def _write_davis_clip(root: Path, name: str, clip: list[Frame], masks: int | None = None) -> None:
    for t, frame in enumerate(clip):
        write_picture(root / "JPEGImages/480p" / name / f"{t:05d}.jpg", frame.image)
        if masks is None or t < masks:
            write_labels(root / "Annotations/480p" / name / f"{t:05d}.png", frame.labels)
