"""box2mask's own row, on the data sets of the paper in miniature: same frames as the others, and a mean."""

from __future__ import annotations

import json

import cv2
import miniatures
import numpy as np
import pytest
from miniatures.networks import write_box_filler
from PIL import Image

import run_evaluation
from ltr_ext.data.image_io import read_mask
from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.evaluation.datasets import DavisFolderDataset
from tracker_ext.evaluation.report import BOX_ORACLE, GRABCUT


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_box_filler(tmp_path_factory.mktemp("weights") / "filler.safetensors")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    for field in ("davis_dir", "davis16_dir", "youtubevos_dir"):
        miniatures.FIELDS[field](folder / field)
    return folder


def test_without_grabcut(davis_root, weights, tmp_path, capsys):
    command = [str(davis_root), "--weights", str(weights), "--grabcut-frames", "0", "--out", str(tmp_path / "out")]
    assert run_evaluation.main(command) == 0
    methods = {row["method"] for row in json.loads((tmp_path / "out/table.json").read_text())["scores"]}
    assert len(methods) == 2 and BOX_ORACLE in methods
    out = capsys.readouterr().out
    assert "GrabCut" not in out and BOX_ORACLE in out


@pytest.mark.parametrize(
    ("name", "objects", "frames"),
    [
        pytest.param("dv2017_val", 3, 2 * 3, id="without the first and the last of five frames"),
        pytest.param("dv2016_val", 2, 2 * 3, id="255 is the object"),
        pytest.param("yt300", 2, 3, id="after an object's first frame, without the last"),
    ],
)
def test_the_three_rows_count_the_same_and_have_a_mean(
    originals, weights, tmp_path, monkeypatch, capsys, name, objects, frames
):
    fields = [f'{path.name} = "{path}"\n' for path in originals.iterdir()]
    (tmp_path / "paths.toml").write_text("".join(fields))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    monkeypatch.setenv("HOME", str(tmp_path))
    command = [name, "--weights", str(weights), "--grabcut-frames", "9", "--out", str(tmp_path / "out")]
    assert run_evaluation.main(command) == 0
    rows = [row for row in json.loads((tmp_path / "out/table.json").read_text())["scores"] if row["sequence"] == "mean"]
    own, oracle, grabcut = rows
    assert [row["method"] for row in rows[1:]] == [BOX_ORACLE, GRABCUT]
    assert [row["objects"] for row in rows] == [objects] * 3
    assert own["frames"] == oracle["frames"] == grabcut["frames"] == frames
    assert own["j"] == pytest.approx(oracle["j"], abs=0.05), "a network that fills its boxes"
    assert all(0 <= row[key] <= 1 for row in rows for key in ("j", "f"))
    assert "nan" not in capsys.readouterr().out


def rewrite(folder, change) -> None:
    for path in folder.glob("*.png"):
        Image.fromarray(change(read_mask(path))).save(path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda labels: (labels > 0).astype(np.uint8) * np.uint8(255), id="0 and 255"),
        pytest.param(lambda labels: labels > 0, id="1 bit"),
        pytest.param(lambda labels: np.repeat((labels > 0)[..., None] * np.uint8(255), 3, axis=2), id="white, RGB"),
        pytest.param(lambda labels: (labels > 0)[..., None] * np.array([128, 0, 0], np.uint8), id="colour of DAVIS"),
        pytest.param(lambda labels: (labels > 0).astype(np.uint16) * np.uint16(65535), id="16 bits, white"),
    ],
)
def test_one_object_in_any_form_is_the_same_object(davis_root, store_results, weights, tmp_path, capsys, change):
    """In the truth and in results: for box2mask's row, for stored results, for a tracker that is given the mask."""
    sequence = DavisFolderDataset(davis_root).sequence("one")
    store_results([sequence], tmp_path / "mine")
    plain = sequence.init_info()["init_mask"]
    rewrite(davis_root / "Annotations/480p/one", change)
    for part in ("JPEGImages", "Annotations"):
        (davis_root / part / "480p/several").rename(tmp_path / part)
    assert run_evaluation.main([str(davis_root), "--weights", str(weights), "--grabcut-frames", "1"]) == 0
    assert "| mean     | box2mask, T = 9, centred (all boxes) | 1.000 | 1.000 |" in capsys.readouterr().out
    np.testing.assert_array_equal(DavisFolderDataset(davis_root).sequence("one").init_info()["init_mask"], plain)
    for truth_too in (True, False):
        assert run_evaluation.main([str(davis_root), "--results", str(tmp_path / "mine")]) == 0
        assert "| mean     | mine                   | 1.000 | 1.000 |" in capsys.readouterr().out
        if truth_too:
            rewrite(tmp_path / "mine/masks/one", change)


def test_masks_of_another_size_than_their_frames_are_named(davis_root):
    path = davis_root / "Annotations/480p/one/00002.png"
    Image.fromarray(cv2.resize(read_mask(path), (30, 20), interpolation=cv2.INTER_NEAREST)).save(path)
    with pytest.raises(UserError, match=r"sequence one, frame 00002\.jpg is 60x40, its mask .*00002\.png 30x20"):
        DavisFolderDataset(davis_root).sequence("one")
