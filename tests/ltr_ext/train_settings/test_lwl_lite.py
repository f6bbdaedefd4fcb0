"""The recipe of lwl lite: where it starts, what it trains."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from ltr.admin.settings import Settings
from miniatures.boxes import got10k_names, make_got10k

from ltr_ext.actors.lwl import LWLActor
from ltr_ext.data.image_io import write_mask
from ltr_ext.digest import file_hash
from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE as BOX2MASK_LITE
from ltr_ext.models.lwl import LITE
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.train_settings import synthetic_data
from ltr_ext.train_settings.common import parameter_groups
from ltr_ext.train_settings.lwl import lite, lite_boxes
from ltr_ext.trainers.checkpoint import read_checkpoint
from ltr_ext.trainers.options import RunOptions, set_run_options
from ltr_ext.weights import save_network


@pytest.fixture(scope="module")
def box2mask_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    net = Box2MaskNet(BOX2MASK_LITE)
    net.backbone.fold_batch_norm()
    path = tmp_path_factory.mktemp("weights") / "box2mask-lite.safetensors"
    save_network(net, path)
    return path


def test_starts_from_box2mask_lite(box2mask_file: Path) -> None:
    net, start = lite.initial_network(LITE, box2mask_file)
    assert start == file_hash(box2mask_file)
    torch.manual_seed(5)
    source = Box2MaskNet(BOX2MASK_LITE)
    for name in ("target_features", "decoder"):
        mine, theirs = getattr(net, name).state_dict(), getattr(source, name).state_dict()
        assert all(torch.allclose(mine[key].float(), theirs[key].float(), atol=1e-3) for key in theirs), name


def test_starts_without_it(tmp_path: Path) -> None:
    net, start = lite.initial_network(LITE, tmp_path / "missing.safetensors")
    assert start == "imagenet"
    grouped = {id(p) for group in parameter_groups(net, lite.RECIPE.rates) for p in group["params"]}
    trained = {id(p) for p in net.parameters() if p.requires_grad}
    assert grouped == trained
    assert not grouped & {id(p) for p in net.backbone.parameters()}


def test_lite_boxes_draws_every_fourth_sample_from_made_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, box2mask_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos = make_got10k(tmp_path / "got10k", splits=("train",), sequences=3, frames=6)
    job = tmp_path / "job"
    for name in got10k_names("train", 3):
        boxes = np.loadtxt(videos / "train" / name / "groundtruth.txt", delimiter=",").round().astype(int)
        (job / "upstream" / name).mkdir(parents=True)
        for frame, (x, y, w, h) in enumerate(boxes, 1):
            mask = np.zeros(cv2.imread(str(videos / "train" / name / f"{frame:08d}.jpg")).shape[:2], np.uint8)
            mask[max(y, 0) : y + h, max(x, 0) : x + w] = 1
            write_mask(job / "upstream" / name / f"{frame:08d}.png", mask)
    (job / "trust").mkdir()
    (job / "decisions.csv").write_text("sequence,decision\nGOT-10k_Train_000002,reject\n")
    lines = ['workspace_dir = "work"', 'got10k_dir = "got10k"', 'got10k_masks_dir = "job/upstream"']
    (tmp_path / "paths.toml").write_text("\n".join(lines))
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))
    monkeypatch.setattr(synthetic_data, "DEMO_STILLS", 12)
    small = dataclasses.replace(lite.RECIPE.first_crops, crop_hw=(64, 64))
    changes = {
        "first_crops": small, "later_crops": small, "validation_clips": 2, "num_workers": 0, "num_frames": 3,
        "iterations": 2, "iterations_per_epoch": 2,
    }  # fmt: skip
    monkeypatch.setattr(lite_boxes, "RECIPE", dataclasses.replace(lite_boxes.RECIPE, **changes))
    seen: list[str] = []
    step = LWLActor.__call__

    def spy(self: LWLActor, data: Any) -> Any:
        seen.extend(
            f"{dataset} {sequence}" for dataset, sequence in zip(data["dataset"], data["sequence"], strict=True)
        )
        return step(self, data)

    monkeypatch.setattr(LWLActor, "__call__", spy)
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "lwl", "lite_boxes", "ltr/lwl/lite_boxes"
    settings.use_gpu = False
    lite_boxes.run(settings)
    out = capsys.readouterr().out
    assert f"trains on 11 drawn pictures from {tmp_path / 'work/demo_stills'} (1 more held out), 1 in 4 samples" in out
    assert "from 2 videos with made masks; drawn pictures show the machinery only" in out
    trained = seen[:8]
    made = [name for name in trained if not name.startswith("synthetic")]
    assert len(made) == 2 and all(name.lower().startswith("got10k") for name in made), seen
    header = read_checkpoint(next((tmp_path / "work/checkpoints/ltr/lwl/lite_boxes").glob("LWLNet_0*"))).header
    assert header["fingerprint"]["data"]["videos"] == 2, "the rejected sequence takes no part"
    set_run_options(RunOptions())
