"""Data sets in DAVIS and GOT-10k layout become the host's sequences."""

from __future__ import annotations

import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr_ext.data.image_io import read_mask, write_mask
from ltr_ext.errors import UserError
from tracker_ext.evaluation.dataset_names import DATASETS, host_names
from tracker_ext.evaluation.datasets import BoxFolderDataset, DavisFolderDataset, DemoDataset


@pytest.fixture
def no_settings(tmp_path, monkeypatch):
    """An empty settings file."""
    path = tmp_path / "paths.toml"
    path.write_text("")
    monkeypatch.setenv("BOX2MASK_SETTINGS", str(path))


def test_one_id_gives_a_single_object_sequence(davis_root):
    dataset = DavisFolderDataset(davis_root)
    assert len(dataset) == 2
    sequence = dataset.get_sequence_list()["one"]
    assert (sequence.multiobj_mode, sequence.object_ids, len(sequence.frames)) == (False, ["1"], 4)
    np.testing.assert_array_equal(sequence.ground_truth_rect[1], [10, 2, 12, 12])
    info = sequence.init_info()
    assert info["init_bbox"] == [8, 2, 12, 12]
    assert info["init_mask"].sum() == 144


def test_several_ids_give_a_multi_object_sequence_whose_objects_may_enter_later(davis_root):
    sequence = DavisFolderDataset(davis_root).get_sequence_list()["several"]
    assert (sequence.multiobj_mode, sequence.object_ids) == (True, ["1", "2", "3"])
    first, later = sequence.init_info(), sequence.frame_info(2)
    assert list(first["init_bbox"]) == first["init_object_ids"] == ["1", "2"]
    assert list(later["init_bbox"]) == later["init_object_ids"] == ["3"]
    assert later["init_bbox"]["3"] == [12, 28, 12, 12]
    assert set(np.unique(later["init_mask"])) == {0, 1, 2, 3}
    assert np.isnan(sequence.ground_truth_rect["3"][:2]).all()
    assert sequence.frame_info(1) == {}


def test_a_sequence_starts_where_its_object_does(davis_root):
    masks = davis_root / "Annotations/480p/one"
    (masks / "00000.png").unlink()
    write_mask(masks / "00001.png", np.zeros((40, 60)))
    sequence = DavisFolderDataset(davis_root).sequence("one")
    assert [Path(frame).stem for frame in sequence.frames] == ["00002", "00003"]
    assert sequence.init_info()["init_bbox"] == [12, 2, 12, 12]


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        pytest.param((1, 255), ["1"], id="255 beside an id is undecided"),
        pytest.param((255,), ["255"], id="255 alone is the object, as in DAVIS 2016"),
    ],
)
def test_255(davis_root, values, ids):
    for path in (davis_root / "Annotations/480p/one").iterdir():
        labels = np.zeros((40, 60), np.uint8)
        for column, value in enumerate(values):
            labels[5:9, 10 * column : 10 * column + 5] = value
        write_mask(path, labels)
    assert DavisFolderDataset(davis_root).sequence("one").object_ids == ids


def test_a_truth_of_1_on_some_frames_and_255_on_others_is_refused(davis_root):
    path = davis_root / "Annotations/480p/one/00001.png"
    write_mask(path, read_mask(path) * np.uint8(255))
    with pytest.raises(UserError, match=r"00001\.png: 0 and 255 alone, on other frames the object is 1"):
        DavisFolderDataset(davis_root).sequence("one")


def test_mistakes_in_a_davis_folder(davis_root, tmp_path):
    with pytest.raises(UserError, match="give a folder in DAVIS layout"):
        DavisFolderDataset(tmp_path)
    for path in (davis_root / "Annotations/480p/one").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="sequence one has no object"):
        DavisFolderDataset(davis_root).get_sequence_list()
    for path in (davis_root / "JPEGImages/480p/one").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="sequence one has no frames"):
        DavisFolderDataset(davis_root).get_sequence_list()


@pytest.fixture
def boxes_root(tmp_path):
    folder = tmp_path / "boxes" / "clip"
    folder.mkdir(parents=True)
    for index in range(1, 4):
        cv2.imwrite(str(folder / f"{index:08d}.jpg"), np.zeros((20, 30, 3), np.uint8))
    (folder / "groundtruth.txt").write_text("1,2,3,4\n2,2,3,4\n3,2,3,4\n")
    return tmp_path / "boxes"


def test_box_folder(boxes_root):
    sequence = BoxFolderDataset(boxes_root).get_sequence_list()["clip"]
    assert [Path(frame).name for frame in sequence.frames] == ["00000001.jpg", "00000002.jpg", "00000003.jpg"]
    assert sequence.init_info() == {"init_bbox": [1, 2, 3, 4]}
    assert sequence.ground_truth_seg is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("1,2,3,4\n", "1 box for 3 frames", id="count"),
        pytest.param("nan,nan,nan,nan\n2,2,3,4\n3,2,3,4\n", "on the first frame", id="absent at first"),
    ],
)
def test_mistakes_in_a_box_folder(boxes_root, text, message):
    (boxes_root / "clip" / "groundtruth.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        BoxFolderDataset(boxes_root).get_sequence_list()


@pytest.mark.parametrize(("name", "field"), [("clips", "clips_dir"), ("boxclips", "boxclips_dir")])
def test_without_a_path_the_setting_is_named(no_settings, name, field):
    module, class_name, arguments = DATASETS[name]
    with pytest.raises(UserError, match=f"{field} is not set"):
        getattr(importlib.import_module(module), class_name)(**arguments)


def test_demo_lies_in_the_workspace(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setenv("BOX2MASK_SETTINGS", str(tmp_path / "paths.toml"))
    (tmp_path / "paths.toml").write_text('workspace_dir = "work"\n')

    def draw(root):
        drawn.append(root)
        for part in ("JPEGImages", "Annotations"):
            (root / part / "480p" / "clip").mkdir(parents=True)

    monkeypatch.setattr("tracker_ext.evaluation.datasets.write_demo", draw)
    assert len(DemoDataset()) == 1
    assert drawn == [tmp_path / "work" / "demo"]


@pytest.mark.parametrize("resolution", ["1080p", "Full-Resolution", ""])
def test_other_resolutions_and_none(davis_root, resolution):
    for part in ("JPEGImages", "Annotations"):
        (davis_root / part / "480p").rename(davis_root / "moved")
        if resolution:
            (davis_root / "moved").rename(davis_root / part / resolution)
        else:
            (davis_root / part).rmdir()
            (davis_root / "moved").rename(davis_root / part)
    sequences = DavisFolderDataset(davis_root).get_sequence_list()
    assert [sequence.name for sequence in sequences] == ["one", "several"]
    assert sequences["one"].init_info()["init_mask"].sum() == 144


def test_frames_and_masks_of_different_resolutions_are_refused(davis_root):
    (davis_root / "Annotations/480p").rename(davis_root / "Annotations/1080p")
    with pytest.raises(UserError, match=r"frames in JPEGImages \(480p\), masks in Annotations \(1080p\)"):
        DavisFolderDataset(davis_root)


def test_the_names_of_the_hosts_data_sets_are_read_from_its_source():
    from pytracking.evaluation.datasets import dataset_dict

    from ltr_ext import host

    assert host_names(host.resolve().home) == {*dataset_dict, *DATASETS}
