"""The miniatures have what the data sets have, and the same every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import miniatures
import numpy as np
import pytest
from miniatures.boxes import RESIZED
from miniatures.shapes import draw_clip


def digest(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("make", miniatures.FIELDS.values(), ids=miniatures.FIELDS)
def test_a_miniature_is_the_same_every_time(make, tmp_path):
    first, again = digest(make(tmp_path / "a")), digest(make(tmp_path / "b"))
    assert first == again and len(first) > 10


def test_every_file_of_a_got10k_sequence_is_there(tmp_path):
    folder = miniatures.make_got10k(tmp_path, frames=6) / "val" / "GOT-10k_Val_000002"
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".jpg") == [
        "absence.label", "cover.label", "cut_by_image.label", "groundtruth.txt", "meta_info.ini",
    ]  # fmt: skip
    assert folder.joinpath("absence.label").read_text().split() == ["0", "0", "1", "0", "0", "0"]
    assert folder.joinpath("cover.label").read_text().split() == ["8", "8", "0", "4", "8", "8"]


def test_two_got10k_clips_change_size(tmp_path):
    root = miniatures.make_got10k(tmp_path, splits=["val"])
    for name in RESIZED:
        shapes = {cv2.imread(str(path)).shape for path in (root / "val" / name).glob("*.jpg")}
        assert len(shapes) == 2


def test_objects_stay_in_the_picture_and_have_pixels():
    for name in ("a", "b", "c"):
        for frame in draw_clip(name, 40, 2):
            assert set(np.unique(frame.labels)) == {0, 1, 2}
            assert not frame.labels[[0, -1]].any() and not frame.labels[:, [0, -1]].any()
