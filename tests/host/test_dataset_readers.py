"""The data sets the host reads, on miniature trees."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from miniature import write_frame, write_mask
from pytracking.evaluation import get_dataset

from ltr_ext.paths import PATH_FIELDS, SETTINGS_VARIABLE


@pytest.fixture
def root(monkeypatch, tmp_path: Path) -> Path:
    """A folder that the settings name for every data set: `<root>/<field>`."""
    fields = [name for name in PATH_FIELDS if name.endswith("_dir")]
    (tmp_path / "paths.toml").write_text("".join(f'{name} = "{name}"\n' for name in fields))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    return tmp_path


@pytest.mark.parametrize("split", ["val", "test"])
def test_got10k(root, split):
    base = root / "got10k_dir" / split
    for name, lines in (("GOT-10k_000002", "1,2,3,4\n2,2,3,4\n"), ("GOT-10k_000001", "5,6,7,8\n")):
        for number in (1, 2):
            write_frame(base / name / f"{number:08d}.jpg")
        (base / name / "groundtruth.txt").write_text(lines)
    (base / "list.txt").write_text("GOT-10k_000002\nGOT-10k_000001\n")
    sequences = get_dataset(f"got10k_{split}")
    assert [sequence.name for sequence in sequences] == ["GOT-10k_000002", "GOT-10k_000001"]
    assert [Path(frame).name for frame in sequences[0].frames] == ["00000001.jpg", "00000002.jpg"]
    np.testing.assert_array_equal(sequences[0].ground_truth_rect, [[1, 2, 3, 4], [2, 2, 3, 4]])
    np.testing.assert_array_equal(sequences[1].ground_truth_rect, [[5, 6, 7, 8]])
    assert not sequences[0].multiobj_mode


def test_trackingnet_sorts_frames_by_number(root):
    base = root / "trackingnet_dir" / "TEST"
    for number in (0, 1, 2, 10):
        write_frame(base / "frames" / "vid_0" / f"{number}.jpg")
    (base / "anno").mkdir()
    (base / "anno" / "vid_0.txt").write_text("1.5,2,3,4\n")
    (sequence,) = get_dataset("trackingnet")
    assert [Path(frame).stem for frame in sequence.frames] == ["0", "1", "2", "10"]
    np.testing.assert_array_equal(sequence.ground_truth_rect, [[1.5, 2, 3, 4]])


def test_lasot_is_the_280_of_protocol_two_and_knows_hidden_frames(root):
    from pytracking.evaluation.lasotdataset import LaSOTDataset

    names = LaSOTDataset().sequence_list
    assert len(set(names)) == 280
    for name in names:
        folder = root / "lasot_dir" / name.rsplit("-", 1)[0] / name
        folder.mkdir(parents=True)
        (folder / "groundtruth.txt").write_text("1,2,3,4\n2,2,3,4\n0,0,0,0\n")
        (folder / "full_occlusion.txt").write_text("0,0,1")
        (folder / "out_of_view.txt").write_text("0,1,0")
    for number in (1, 2, 3):
        write_frame(root / "lasot_dir" / "airplane" / "airplane-1" / "img" / f"{number:08d}.jpg")
    sequence = get_dataset("lasot")["airplane-1"]
    assert [Path(frame).name for frame in sequence.frames] == ["00000001.jpg", "00000002.jpg", "00000003.jpg"]
    assert np.asarray(sequence.target_visible).tolist() == [True, False, False]
    assert sequence.object_class == "airplane"


@pytest.mark.parametrize(
    ("name", "field", "version"), [("dv2017_val", "davis_dir", "2017"), ("dv2016_val", "davis16_dir", "2016")]
)
def test_davis(root, name, field, version):
    base = root / field
    for t in range(2):
        write_frame(base / "JPEGImages" / "480p" / "bear" / f"{t:05d}.jpg")
        write_mask(base / "Annotations" / "480p" / "bear" / f"{t:05d}.png", {1: (2 + t, 3, 5, 6), 2: (20, 10, 4, 4)})
    (base / "ImageSets" / version).mkdir(parents=True)
    (base / "ImageSets" / version / "val.txt").write_text("bear\n")
    (sequence,) = get_dataset(name)
    assert sequence.multiobj_mode
    assert sequence.object_ids == ["1", "2"]
    assert len(sequence.frames) == len(sequence.ground_truth_seg) == 2
    assert Path(sequence.ground_truth_seg[1]).name == "00001.png"
    # upstream's boxes are a pixel short in width and height
    np.testing.assert_allclose(sequence.ground_truth_rect["1"], [[2, 3, 5, 6], [3, 3, 5, 6]], atol=1)
    assert set(sequence.init_info()["init_bbox"]) == {"1", "2"}


def test_youtubevos_lets_objects_enter_where_the_meta_file_says(root):
    base = root / "youtubevos_dir" / "2019" / "valid"
    for stem in ("00000", "00005", "00010"):
        write_frame(base / "JPEGImages" / "abc" / f"{stem}.jpg")
    write_mask(base / "Annotations" / "abc" / "00000.png", {1: (2, 3, 5, 6)})
    write_mask(base / "Annotations" / "abc" / "00005.png", {2: (20, 10, 4, 4)})
    objects = {"1": {"category": "x", "frames": ["00000", "00005"]}, "2": {"category": "y", "frames": ["00005"]}}
    (base / "meta.json").write_text(json.dumps({"videos": {"abc": {"objects": objects}}}))
    (sequence,) = get_dataset("yt2019_valid")
    assert sequence.object_ids == ["1", "2"]
    assert sequence.init_info()["init_object_ids"] == ["1"]
    assert sequence.frame_info(1)["init_object_ids"] == ["2"]
    assert np.unique(sequence.frame_info(1)["init_mask"]).tolist() == [0, 2]
    np.testing.assert_allclose(sequence.frame_info(1)["init_bbox"]["2"], [20, 10, 4, 4], atol=1)
    assert sequence.frame_info(2) == {}
    assert sequence.ground_truth_seg[2] is None
    assert np.asarray(sequence.ground_truth_rect["1"])[2].tolist() == [-1, -1, -1, -1]


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no_such_set"):
        get_dataset("no_such_set")
