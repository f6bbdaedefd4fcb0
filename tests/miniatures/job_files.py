"""Tiny data sets on disk, and `run_annotate.py` on them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np

import run_annotate
from ltr_ext.errors import run_command
from tracker_ext.segmentation.boxed_sequence import BoxedSequence

NAMES = {"a": 7, "b": 5, "c": 6}
"""Sequences of the fixture `data`, and their numbers of frames."""

NAN = [np.nan] * 4
"""A row without a box."""

SIZE = (48, 64)
"""(height, width) of the frames."""


def write_frames(folder: Path, names: list[str], size: tuple[int, int] = SIZE, seed: int = 0) -> list[Path]:
    """Noisy pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = [folder / name for name in names]
    for path in paths:
        cv2.imwrite(str(path), rng.integers(0, 256, (*size, 3), dtype=np.uint8))
    return paths


def wandering_boxes(count: int) -> np.ndarray:
    """[count, 4] inside the frames."""
    steps = np.arange(count)
    return np.stack([8.0 + steps % 20, 6.0 + steps % 10, np.full(count, 24.0), np.full(count, 20.0)], axis=1)


def write_boxes(path: Path, boxes: np.ndarray) -> None:
    """x,y,w,h lines."""
    path.write_text("".join(",".join(f"{value:.1f}" for value in box) + "\n" for box in boxes))


def got10k_sequence(root: Path, name: str, count: int, seed: int = 0) -> Path:
    """One sequence in GOT-10k layout."""
    folder = root / name
    write_frames(folder, [f"{number:08d}.jpg" for number in range(1, count + 1)], seed=seed)
    write_boxes(folder / "groundtruth.txt", wandering_boxes(count))
    return folder


def got10k(root: Path, counts: dict[str, int]) -> Path:
    """A data set in GOT-10k layout; also its `list.txt`."""
    for seed, (name, count) in enumerate(counts.items()):
        got10k_sequence(root, name, count, seed)
    (root / "list.txt").write_text("".join(f"{name}\n" for name in counts), encoding="utf-8")
    return root


def annotate(*arguments: str | Path) -> int:
    """The exit code of `run_annotate.py`."""
    return run_command(lambda: run_annotate.main([str(argument) for argument in arguments]))


def everything(out: Path) -> dict[str, bytes]:
    """Contents of all files of an output folder that do not tell the time."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parts[len(out.parts)] not in ("sequences", "report.html")
    }


def finished(out: Path) -> list[str]:
    """Names of the sequences that have a manifest."""
    return sorted(json.loads(path.read_text())["name"] for path in (out / "sequences").glob("*.json"))


def leftovers(out: Path) -> list[Path]:
    """What only a running job needs."""
    return [path for folder in (".work", ".locks") for path in (out / folder).iterdir()]


def failures(out: Path) -> dict[str, str]:
    """Sequence -> reason, from failed.csv."""
    with (out / "failed.csv").open() as file:
        return {row["sequence"]: row["reason"] for row in csv.DictReader(file)}


def boxed(sequence: BoxedSequence, object_id: int = 1) -> list[int]:
    """Frames with a box that counts."""
    track = sequence.boxes[object_id]
    absent = sequence.absent.get(object_id, np.zeros(len(track), bool))
    return np.flatnonzero(np.isfinite(track).all(axis=1) & ~absent).tolist()
