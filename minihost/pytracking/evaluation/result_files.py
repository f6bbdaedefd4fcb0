"""Result files, in upstream's layout.

    <results_dir>/<sequence>[_<id>].txt                          x y w h per frame in pixels, separated by tabs
    <results_dir>/<sequence>[_<id>]_time.txt                     seconds per frame
    <results_dir>/<sequence>[_<id>]_object_presence_scores.txt
    <segmentation_dir>/<sequence>/<frame stem>.png               palette PNG whose values are object ids

Boxes have two decimals; upstream truncates them to whole pixels.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.images import write_labels


def box_files(seq: Sequence, results_dir: str) -> list[Path]:
    """The box files of a finished sequence: one file, or one per object id."""
    names = [f"{seq.name}_{object_id}" for object_id in seq.object_ids or []] if seq.multiobj_mode else [seq.name]
    return [Path(results_dir) / f"{name}.txt" for name in names]


def results_exist(seq: Sequence, results_dir: str) -> bool:
    """Whether the sequence has been tracked, which its box files show, since they are written last."""
    return all(path.is_file() for path in box_files(seq, results_dir))


def save_results(seq: Sequence, results_dir: str, segmentation_dir: str, output: dict[str, list[Any]]) -> None:
    """Write the result of `Tracker.run_sequence`; the docstring of this module lists the files."""
    folder = Path(results_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if "segmentation" in output:
        mask_folder = Path(segmentation_dir) / seq.name
        mask_folder.mkdir(parents=True, exist_ok=True)
        for frame, labels in zip(seq.frames, output["segmentation"], strict=True):
            write_labels(mask_folder / f"{Path(frame).stem}.png", labels)
    for key, ending, form in (
        ("time", "_time", "%f"),
        ("object_presence_score", "_object_presence_scores", "%f"),
        ("target_bbox", "", "%.2f"),
    ):
        for object_id, rows in _by_object(output.get(key, [])).items():
            name = seq.name if object_id is None else f"{seq.name}_{object_id}"
            _write_rows(folder / f"{name}{ending}.txt", np.asarray(rows, dtype=np.float64), form)


def _by_object(rows: list[Any]) -> dict[str | None, list[Any]]:
    """The rows by object id; the key is None if they are not given per object."""
    columns: dict[str | None, list[Any]] = {}
    for row in rows:
        for object_id, value in (row if isinstance(row, dict) else {None: row}).items():
            columns.setdefault(object_id, []).append(value)
    return columns


def _write_rows(path: Path, rows: np.ndarray, form: str) -> None:
    """Write a file under a temporary name and rename it, so that an existing file is always complete."""
    part = path.with_suffix(".part")
    np.savetxt(part, rows, delimiter="\t", fmt=form)
    os.replace(part, path)
