"""What is missing is named: which data set, which path, where it is set, what was found there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import miniatures
import pytest
from miniatures.shapes import draw_clip, write_labels
from miniatures.vos import youtubevos_names

from ltr_ext.dataset.layouts import LAYOUTS
from ltr_ext.dataset.presence import require_dataset
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE

YT = youtubevos_names("2019", "train", 2)[0]
SMALL = {
    "youtubevos_dir": {"sequences": 2, "frames": 4, "splits": ("train", "valid")},
    "got10k_dir": {"sequences": 2, "frames": 5},
    "lasot_dir": {"frames": 4},
    "trackingnet_dir": {"sets": range(12), "sequences": 1, "frames": 2},
    "vot2020_dir": {"frames": 7},
}
WHOLE = (
    "got10k_train", "got10k_val", "got10k_test", "lasot_train", "lasot", "trackingnet_train", "trackingnet",
    "dv2016_train", "dv2016_val", "dv2017_train", "dv2017_val", "dv2017_test_dev",
    "yt2019_train", "yt2019_valid", "yt2019_valid_all", "yt300", "vot2020",
)  # fmt: skip


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    for field, make in miniatures.FIELDS.items():
        make(folder / field, **SMALL.get(field, {}))
    return folder


def name_paths(monkeypatch, file: Path, root: Path) -> None:
    file.write_text("".join(f'{field} = "{root / field}"\n' for field in miniatures.FIELDS))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(file))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_data_set_is_found(originals, tmp_path, monkeypatch, name):
    name_paths(monkeypatch, tmp_path / "paths.toml", originals)
    assert require_dataset(name) == originals / LAYOUTS[name].field


@pytest.mark.parametrize(
    ("name", "lost", "first"),
    [
        pytest.param("got10k_val", "val/list.txt", "val/list.txt", id="no list"),
        pytest.param("got10k_val", "val/GOT-10k_Val_000002/00000004.jpg", None, id="fewer frames than boxes"),
        pytest.param(
            "got10k_train", "train/GOT-10k_Train_000001", "train/GOT-10k_Train_000001/groundtruth.txt", id="no sequence"
        ),
        pytest.param("got10k_train", "train/GOT-10k_Train_000001/cover.label", None, id="no cover"),
        pytest.param("got10k_test", "test/GOT-10k_Test_000001/00000003.jpg", None, id="a hole in a test sequence"),
        pytest.param("lasot_train", "airplane/airplane-2/out_of_view.txt", None, id="no flags"),
        pytest.param("lasot", "bear/bear-2/img", "bear/bear-2/img/00000001.jpg", id="boxes without pictures"),
        pytest.param("trackingnet", "TEST/anno", "TEST/anno", id="no boxes"),
        pytest.param("trackingnet", "TEST/frames", "TEST/frames", id="no pictures at all"),
        pytest.param("trackingnet_train", "TRAIN_11", "TRAIN_11/anno", id="one set of twelve"),
        pytest.param("dv2017_val", "ImageSets/2017/val.txt", None, id="no list of the split"),
        pytest.param(
            "dv2017_val",
            "JPEGImages/480p/blackswan",
            "JPEGImages/480p/blackswan/00000.jpg",
            id="masks without pictures",
        ),
        pytest.param("dv2017_train", "Annotations/480p/bear/00002.png", None, id="a picture without a mask"),
        pytest.param("dv2017_test_dev", "Annotations/480p/car-race/00000.png", None, id="no first mask"),
        pytest.param("yt2019_train", "2019/train/meta.json", None, id="no meta file"),
        pytest.param("yt2019_train", f"2019/train/JPEGImages/{YT}/00010.jpg", None, id="a picture fewer"),
        pytest.param("yt2019_train", f"2019/train/Annotations/{YT}/00000.png", None, id="no mask where objects enter"),
        pytest.param("yt2019_valid_all", "2019/valid_all_frames", None, id="the folder of all frames"),
        pytest.param("vot2020", "agility/color/00000007.jpg", None, id="fewer frames than regions"),
    ],
)
def test_the_first_missing_entry_is_named(originals, tmp_path, monkeypatch, name, lost, first):
    field = LAYOUTS[name].field
    shutil.copytree(originals / field, tmp_path / field)
    gone = tmp_path / field / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
    with pytest.raises(UserError) as caught:
        require_dataset(name)
    message = str(caught.value)
    assert f"{field} = {tmp_path / field} (set in {tmp_path / 'paths.toml'})" in message
    assert LAYOUTS[name].title in message and "first missing: " + (first or lost) in message
    assert "found there: " in message and "\n" not in message


def test_how_much_is_there_is_counted(originals, tmp_path, monkeypatch):
    folder = tmp_path / "vot2020_dir"
    shutil.copytree(originals / "vot2020_dir", folder)
    for number in (2, 5):
        (folder / "ants1" / "color" / f"{number:08d}.jpg").unlink()
    name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
    # the list, two files of regions, and two times seven frames
    with pytest.raises(UserError, match=r"15 of 17 expected entries, first missing: ants1/color/00000002\.jpg"):
        require_dataset("vot2020")


def test_a_path_that_is_not_set(tmp_path, monkeypatch):
    (tmp_path / "paths.toml").write_text("")
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    with pytest.raises(
        UserError, match=f"GOT-10k val: got10k_dir is not set: set it in {tmp_path}/paths.toml to the folder"
    ):
        require_dataset("got10k_val")


def test_a_path_that_leads_nowhere_or_to_archives(tmp_path, monkeypatch):
    name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
    with pytest.raises(UserError, match="does not exist; name the folder that holds train, val, test"):
        require_dataset("got10k_val")
    (tmp_path / "got10k_dir").mkdir()
    with pytest.raises(UserError, match=r"0 of 1 expected entries.*found there: nothing"):
        require_dataset("got10k_val")
    (tmp_path / "got10k_dir" / "val.zip").touch()
    with pytest.raises(UserError, match=r"found there: val\.zip"):
        require_dataset("got10k_val")
    (tmp_path / "lasot_dir").touch()
    with pytest.raises(UserError, match="is not a folder"):
        require_dataset("lasot")


def test_masks_of_2017_are_not_those_of_2016(tmp_path, monkeypatch):
    miniatures.make_davis(tmp_path / "davis16_dir")
    name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
    with pytest.raises(UserError, match=r"holds ids \[1.*name the DAVIS 2016 package"):
        require_dataset("dv2016_val")


def test_a_broken_meta_file_is_named_in_one_line(originals, tmp_path, monkeypatch):
    base = tmp_path / "youtubevos_dir" / "2019" / "train"
    base.mkdir(parents=True)
    for text in ("{", json.dumps({"videos": {"a": {}}}), json.dumps([])):
        (base / "meta.json").write_text(text)
        name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
        with pytest.raises(
            UserError, match=r"YouTube-VOS 2019 train: youtubevos_dir = .*meta\.json.*unpack that file again"
        ):
            require_dataset("yt2019_train")


def test_masks_of_davis_2016_pass_however_few_pixels(tmp_path, monkeypatch):
    root = miniatures.make_davis16(tmp_path / "davis16_dir", frames=2)
    write_labels(root / "Annotations/480p/bear/00000.png", draw_clip("bear", 1, absent={1: {0}})[0].labels)
    name_paths(monkeypatch, tmp_path / "paths.toml", tmp_path)
    assert require_dataset("dv2016_train") == root
