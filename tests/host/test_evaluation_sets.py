"""Data sets for evaluation, by name, on miniature trees: with their quirks, and when something is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import miniatures
import numpy as np
import pytest
from miniatures.boxes import RESIZED
from miniatures.shapes import SIZE_HW, draw_clip
from miniatures.vos import youtubevos_names

from ltr_ext import host
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation.results import true_boxes
from tracker_ext.evaluation.sequences import load_sequences

ON_UPSTREAM = host.resolve().name == "upstream"
LENGTHS = {
    "got10k_val": 5, "got10k_test": 3, "trackingnet": 2, "dv2016_val": 2, "dv2017_val": 2, "dv2017_test_dev": 2,
    "yt2019_valid": 4, "yt2019_valid_all": 4, "yt2019_test": 4, "yt2018_valid": 4, "yt2018_valid_all": 4, "yt300": 1,
    "vot2020": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    for field, make in miniatures.FIELDS.items():
        make(folder / field)
    miniatures.make_youtubevos(folder / "youtubevos_dir", version="2018", splits=["valid"])
    return folder


@pytest.fixture
def root(originals, tmp_path, monkeypatch) -> Path:
    """The miniatures, named by the settings."""
    lines = [f'{field} = "{originals / field}"\n' for field in miniatures.FIELDS]
    (tmp_path / "paths.toml").write_text('workspace_dir = "work"\n' + "".join(lines))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    # upstream keeps the names of all frames in the home folder
    monkeypatch.setenv("HOME", str(tmp_path))
    return originals


@pytest.mark.parametrize(("name", "length"), LENGTHS.items())
def test_every_set_is_read_by_name(root, name, length):
    sequences = load_sequences(name)
    assert len(sequences) == length
    for sequence in sequences:
        assert all(Path(frame).is_file() for frame in sequence.frames)
        info = sequence.init_info()
        assert "init_bbox" in info
        if "init_mask" in info:
            assert info["init_mask"].shape == SIZE_HW and info["init_mask"].any()


def test_got10k_clips_that_change_size(root):
    for name in RESIZED:
        (sequence,) = load_sequences("got10k_val", name)
        assert len({cv2.imread(frame).shape for frame in sequence.frames}) == 2
        assert len(sequence.ground_truth_rect) == len(sequence.frames)


def test_objects_that_enter_late(root):
    name = youtubevos_names("2019", "valid", 4)[1]
    (sequence,) = load_sequences("yt2019_valid", name)
    assert sequence.init_info()["init_object_ids"] == ["1"]
    assert sequence.frame_info(2)["init_object_ids"] == ["2"] and sequence.frame_info(1) == {}
    assert [path is None for path in sequence.ground_truth_seg] == [False, True, False, True, True]
    (sequence,) = load_sequences("yt2019_valid_all", name)
    assert len(sequence.frames) == 21 and sequence.frame_info(10)["init_object_ids"] == ["2"]


def test_an_object_enters_where_it_is_first_seen_whatever_the_list_says(root, originals, tmp_path):
    if ON_UPSTREAM:
        pytest.skip("upstream mends six objects of the real data set, by name")
    shutil.copytree(originals / "youtubevos_dir" / "2019" / "train", tmp_path / "yt" / "2019" / "train")
    (tmp_path / "paths.toml").write_text('youtubevos_dir = "yt"\n')
    meta = tmp_path / "yt/2019/train/meta.json"
    described = json.loads(meta.read_text())
    for video in described["videos"].values():
        video["objects"]["2"]["frames"] = video["objects"]["1"]["frames"]
    meta.write_text(json.dumps(described))
    late = set(youtubevos_names("2019", "train", 4)[1::2])
    for sequence in load_sequences("yt300"):
        assert sequence.name not in late or sequence.frame_info(2)["init_object_ids"] == ["2"]


def test_davis_2016_has_one_object(root):
    for sequence in load_sequences("dv2016_val"):
        assert sequence.object_ids == ["255"]
    assert [len(sequence.object_ids) for sequence in load_sequences("dv2017_val")] == [1, 2]


def test_davis_test_dev_has_first_masks_only(root):
    (sequence,) = load_sequences("dv2017_test_dev", "car-race")
    assert sequence.object_ids == ["1", "2", "3"] and len(sequence.frames) == 5
    assert [path is None for path in sequence.ground_truth_seg] == [False, True, True, True, True]


def test_vot2020_masks(root, tmp_path):
    (sequence,) = load_sequences("vot2020", "ants1")
    assert not sequence.multiobj_mode and sequence.object_ids == ["1"]
    clip = draw_clip("ants1", 12, absent={1: {5}})
    for frame, path in zip(clip, sequence.ground_truth_seg, strict=True):
        np.testing.assert_array_equal(read_mask(path), frame.labels)
    boxes = true_boxes(sequence)[1]
    assert np.isnan(boxes[5]).all() and boxes[4].tolist() == list(clip[4].box())
    assert sequence.init_info()["init_bbox"] == list(clip[0].box())


def test_vot2020_masks_are_written_once_and_anew_if_the_data_set_changes(root, originals, tmp_path):
    shutil.copytree(originals / "vot2020_dir", tmp_path / "vot")
    (tmp_path / "paths.toml").write_text('workspace_dir = "work"\nvot2020_dir = "vot"\n')
    (first,) = load_sequences("vot2020", "agility")
    mask = Path(first.ground_truth_seg[0])
    assert mask.is_relative_to(tmp_path / "work")
    before = mask.stat().st_mtime_ns
    load_sequences("vot2020")
    assert mask.stat().st_mtime_ns == before
    lines = (tmp_path / "vot/agility/groundtruth.txt").read_text().splitlines()
    (tmp_path / "vot/agility/groundtruth.txt").write_text("\n".join(["10,20,30,8", *lines[1:]]))
    (again,) = load_sequences("vot2020", "agility")
    assert np.count_nonzero(read_mask(again.ground_truth_seg[0])) == 240


@pytest.mark.parametrize(
    ("file", "line", "reason"),
    [
        pytest.param("groundtruth.txt", "m1,2,x", r"groundtruth\.txt line 1: region 'm1,2,x'", id="no region"),
        pytest.param("groundtruth.txt", "m0,0,1,1,1", "no object on the first frame", id="empty at first"),
        pytest.param("sequence", "channels.color=../%08d.jpg", "leads out of the folder", id="frames elsewhere"),
    ],
)
def test_broken_vot_sequences(root, originals, tmp_path, file, line, reason):
    shutil.copytree(originals / "vot2020_dir", tmp_path / "vot")
    (tmp_path / "paths.toml").write_text('vot2020_dir = "vot"\n')
    path = tmp_path / "vot" / "ants1" / file
    path.write_text("\n".join([line, *path.read_text().splitlines()[1:]]))
    with pytest.raises(UserError, match=reason):
        load_sequences("vot2020")


def test_what_is_missing_is_named_before_the_host_reads(root, originals, tmp_path):
    shutil.copytree(originals / "got10k_dir" / "val", tmp_path / "got" / "val")
    (tmp_path / "got/val/GOT-10k_Val_000136/00000004.jpg").unlink()
    (tmp_path / "paths.toml").write_text('got10k_dir = "got"\n')
    place = rf"GOT-10k val: got10k_dir = {tmp_path}/got \(set in {tmp_path}/paths.toml\)"
    with pytest.raises(UserError, match=rf"{place}: .* first missing: val/GOT-10k_Val_000136/00000004\.jpg"):
        load_sequences("got10k_val")


def test_of_lasot_all_280_are_wanted(root):
    with pytest.raises(UserError, match=r"LaSOT test set: lasot_dir = .* first missing: airplane/airplane-9/"):
        load_sequences("lasot")


def test_a_name_that_leads_out_of_the_results_is_refused(root, originals, tmp_path):
    base = tmp_path / "got" / "val"
    shutil.copytree(originals / "got10k_dir" / "val" / "GOT-10k_Val_000001", tmp_path / "got" / "elsewhere")
    base.mkdir()
    (base / "list.txt").write_text("../elsewhere\n")
    (tmp_path / "paths.toml").write_text('got10k_dir = "got"\n')
    with pytest.raises(UserError, match=r"sequence name '\.\./elsewhere' is no file name"):
        load_sequences("got10k_val")


@pytest.mark.parametrize("name", ["dv2017_test_chal", "got10kvos_val"])
def test_what_upstream_cannot_read_is_refused_by_name(root, name):
    with pytest.raises(UserError, match=f"{name}: pytracking lists it, but"):
        load_sequences(name)


@pytest.mark.skipif(not ON_UPSTREAM, reason="its list comes with pytracking")
def test_upstream_finds_its_own_lists():
    from pytracking.evaluation.environment import env_settings

    assert (Path(env_settings().dataspec_path) / "got10k_val_split.txt").is_file()


@pytest.mark.skipif(ON_UPSTREAM, reason="upstream has them")
@pytest.mark.parametrize("name", ["yt2019_jjval", "got10k_ltrval"])
def test_lists_of_upstream_are_not_ours(root, name):
    with pytest.raises(UserError, match=f"{name}: its list of sequences comes with pytracking only"):
        load_sequences(name)
