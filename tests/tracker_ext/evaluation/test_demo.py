"""The demo drawings: complete, labelled, the same every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr_ext.data.boxes import mask_to_box
from ltr_ext.data.image_io import read_image, read_mask
from ltr_ext.demo.clips import CLIPS
from ltr_ext.demo.registry import FIGURES
from ltr_ext.demo.sprites import translation
from ltr_ext.demo.stills import STILL_SIZE, write_demo_stills
from tracker_ext.evaluation.demo import write_demo
from tracker_ext.video.box_files import read_boxes

EXPECTED_IDS = {"dog": {1}, "balls": {1, 2, 3}, "car": {1}, "fish": {1, 2}, "herd": {1, 2, 3}}


def digest(folder: Path) -> str:
    """Hash of all files of a folder, names included."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data") / "demo"
    write_demo(root, num_frames=2)
    return root


def test_every_clip_is_complete(demo):
    assert (demo / "ImageSets/2017/val.txt").read_text().split() == list(CLIPS)
    for name, (_, size) in CLIPS.items():
        boxes = read_boxes(demo / "Boxes" / f"{name}.csv", 2)
        for index in range(2):
            image = read_image(demo / "JPEGImages/480p" / name / f"{index:05d}.jpg")
            labels = read_mask(demo / "Annotations/480p" / name / f"{index:05d}.png")
            assert image.shape == (*size, 3) and labels.shape == size
            for object_id, track in boxes.items():
                box = mask_to_box(labels == object_id)
                np.testing.assert_array_equal(track[index], [np.nan] * 4 if box is None else box)


def test_all_objects_are_well_in_view_on_the_first_frame(demo):
    for name, ids in EXPECTED_IDS.items():
        labels = read_mask(demo / "Annotations/480p" / name / "00000.png")
        assert set(np.unique(labels)) - {0} == ids
        assert all(np.count_nonzero(labels == object_id) > 500 for object_id in ids)


def test_masks_lie_on_the_objects(demo):
    """Between the two frames the picture changes more on the objects than elsewhere."""
    for name in ("balls", "fish"):
        first, last = (
            cv2.GaussianBlur(read_image(demo / f"JPEGImages/480p/{name}/0000{i}.jpg"), (0, 0), 2) for i in (0, 1)
        )
        labels = read_mask(demo / f"Annotations/480p/{name}/00000.png") > 0
        change = np.abs(first.astype(float) - last).mean(axis=-1)
        assert change[labels].mean() > 1.5 * change[~labels].mean()


@pytest.fixture
def one_clip(monkeypatch):
    """Painting five places takes seconds; one is enough to see what is drawn anew."""
    monkeypatch.setattr("tracker_ext.evaluation.demo.CLIPS", {"balls": CLIPS["balls"]})


def test_same_seed_same_files(one_clip, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_demo(tmp_path / name, seed, num_frames=2)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_drawn_anew_only_if_something_else_is_asked_for(one_clip, tmp_path, monkeypatch):
    for num_frames in (2, 1):
        write_demo(tmp_path, num_frames=num_frames)
    assert len(list((tmp_path / "JPEGImages/480p/balls").iterdir())) == 1
    monkeypatch.setattr("tracker_ext.evaluation.demo.render", lambda *_: pytest.fail("drawn again"))
    write_demo(tmp_path, num_frames=1)


def test_stills(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_demo_stills(tmp_path / name, 3, seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    for index in range(3):
        image, labels = read_image(tmp_path / f"a/{index:05d}.jpg"), read_mask(tmp_path / f"a/{index:05d}.png")
        assert image.shape == (*STILL_SIZE, 3) and labels.shape == STILL_SIZE
        ids = sorted(set(np.unique(labels).tolist()) - {0, 255})
        assert ids == list(range(1, len(ids) + 1)) and ids, "numbered without gaps"


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_move(kind):
    figure = FIGURES[kind](np.random.default_rng(0), 40.0)
    poses = []
    for phase in (0.0, 1.5):
        canvas = np.zeros((200, 200, 4), np.float32)
        figure.draw(canvas, translation(100, 100), phase)
        poses.append(canvas)
    alpha = poses[0][..., 3]
    assert alpha.max() == pytest.approx(1, abs=1e-3) and alpha.min() >= 0
    assert 200 < (alpha > 0.5).sum() < 10000
    assert not alpha[0].any() and not alpha[:, 0].any(), "not cut off"
    assert (poses[0][..., :3] <= 255 * alpha[..., None] + 1).all(), "colours are multiplied by alpha"
    assert np.abs(poses[0] - poses[1]).max() > 10
