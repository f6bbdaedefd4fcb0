"""DAVIS and YouTube-VOS readers on tiny trees of the same layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ltr.dataset import Davis, YouTubeVOS
from PIL import Image

from ltr_ext.data.image_io import write_mask

SIZE_HW = (12, 20)


def _labels(*boxes: tuple[int, int, int, int, int]) -> np.ndarray:
    """[H, W] with (id, x, y, w, h) rectangles."""
    labels = np.zeros(SIZE_HW, np.uint8)
    for number, x, y, w, h in boxes:
        labels[y : y + h, x : x + w] = number
    return labels


CLIP = {
    "00000": _labels((1, 0, 0, 5, 4), (2, 15, 8, 5, 4)),
    "00005": _labels((1, 1, 0, 5, 4)),
    "00010": _labels((1, 2, 0, 1, 1), (2, 14, 8, 6, 4), (255, 8, 8, 2, 2)),
}


def _write_clip(images: Path, masks: Path, extra_frames: tuple[str, ...] = ()) -> None:
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    for number, name in enumerate(sorted([*CLIP, *extra_frames])):
        Image.fromarray(np.full((*SIZE_HW, 3), 10 * number, np.uint8)).save(images / f"{name}.jpg")
    for name, labels in CLIP.items():
        write_mask(masks / f"{name}.png", labels)


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    _write_clip(tmp_path / "JPEGImages/480p/clip", tmp_path / "Annotations/480p/clip", extra_frames=("00003",))
    (tmp_path / "ImageSets/2017").mkdir(parents=True)
    (tmp_path / "ImageSets/2017/train.txt").write_text("clip\n")
    return tmp_path


@pytest.fixture
def youtubevos(tmp_path: Path) -> Path:
    base = tmp_path / "2019/train"
    _write_clip(base / "JPEGImages/clip", base / "Annotations/clip")
    objects = {"1": {"category": "cat", "frames": list(CLIP)}, "2": {"category": "dog", "frames": ["00000", "00010"]}}
    (base / "meta.json").write_text(json.dumps({"videos": {"clip": {"objects": objects}}}))
    return tmp_path


def test_each_object_is_a_sequence(davis: Path) -> None:
    dataset = Davis(davis, multiobj=False)
    assert dataset.get_num_sequences() == 2, "the undecided pixels, 255, are no object"
    assert dataset.get_name() == "DAVIS/2017/train"
    info = dataset.get_sequence_info(0)
    assert info["frame_names"] == ["00000", "00003", "00005", "00010"]
    assert info["visible"].tolist() == [[1], [0], [1], [0]], "no annotation in the second, one pixel in the last"


def test_boxes_are_tight_and_half_open(davis: Path) -> None:
    images, frames, facts = Davis(davis, multiobj=False).get_frames(1, [0, 3])
    assert [image.shape for image in images] == [(*SIZE_HW, 3)] * 2
    assert [box.tolist() for box in frames["bbox"]] == [[15, 8, 5, 4], [14, 8, 6, 4]], "up to the border of the image"
    assert torch.equal(frames["mask"][0], torch.from_numpy((CLIP["00000"] == 2).astype(np.float32)))
    assert facts["sequence"] == "clip" and facts["object_ids"] == ["2"]


def test_frame_without_annotation(davis: Path) -> None:
    images, frames, _ = Davis(davis, multiobj=False).get_frames(0, [1])
    assert images[0].shape == (*SIZE_HW, 3)
    assert frames["mask"] == [None] and frames["bbox"][0].tolist() == [0, 0, 0, 0] and not frames["visible"][0].any()


def test_all_objects_of_a_video(youtubevos: Path) -> None:
    dataset = YouTubeVOS(youtubevos)
    assert dataset.is_mot_dataset() and dataset.get_num_sequences() == 1
    _, frames, _ = dataset.get_frames(0, [1])
    assert frames["bbox"][0]["1"].tolist() == [1, 0, 5, 4] and frames["bbox"][0]["2"].tolist() == [0, 0, 0, 0]
    assert set(frames["mask"][0].unique().tolist()) == {0.0, 1.0}


def test_all_frames_of_youtubevos(youtubevos: Path) -> None:
    folder = youtubevos / "2019/train_all_frames/JPEGImages/clip"
    folder.mkdir(parents=True)
    for number in range(11):
        Image.new("RGB", SIZE_HW[::-1]).save(folder / f"{number:05d}.jpg")
    info = YouTubeVOS(youtubevos, multiobj=False, all_frames=True).get_sequence_info(0)
    assert len(info["frame_names"]) == 11 and np.flatnonzero(info["visible"]).tolist() == [0, 5]


def test_the_index_is_counted_once(davis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Davis(davis, multiobj=False).get_sequence_info(1)
    assert (davis / "generated_meta.json").is_file()
    monkeypatch.setattr("ltr.dataset.vos_index.read_labels", lambda path: pytest.fail("counted again"))
    again = Davis(davis, multiobj=False).get_sequence_info(1)
    assert torch.equal(first["object_sizes"], again["object_sizes"])


def test_missing_things_are_named(davis: Path, youtubevos: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Davis(davis, sequences=["nowhere"])
    with pytest.raises(FileNotFoundError, match="missing"):
        YouTubeVOS(youtubevos, sequences=["missing"])
    with pytest.raises(ValueError, match="jjtrain"):
        YouTubeVOS(youtubevos, split="jjtrain")
