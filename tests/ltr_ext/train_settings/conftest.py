"""Miniature data for the train settings, and how to run one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from miniatures.vos import YT300

from ltr_ext.data.image_io import write_mask
from ltr_ext.models.backbone import ResNet50
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.train_settings.common import BACKBONE_FILE
from ltr_ext.trainers.options import RunOptions, set_run_options

FRAMES = 10


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Settings file with a workspace; call it with further lines."""

    def write(*lines: str) -> Path:
        file = tmp_path / "paths.toml"
        file.write_text("\n".join(['workspace_dir = "work"', *lines]) + "\n")
        monkeypatch.setenv(SETTINGS_VARIABLE, str(file))
        return tmp_path / "work"

    yield write
    set_run_options(RunOptions())


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
def video_data(tmp_path: Path) -> tuple[str, ...]:
    """Settings lines for miniature YouTube-VOS 2019, DAVIS 2017 and a backbone file."""
    youtubevos = tmp_path / "yt" / "2019" / "train"
    names = [*YT300[:2], *(f"{number:04x}" for number in range(4))]
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
    torch.save(ResNet50().body.state_dict(), tmp_path / "nets" / BACKBONE_FILE)
    return 'youtubevos_dir = "yt"', 'davis_dir = "davis"', 'pretrained_dir = "nets"'
