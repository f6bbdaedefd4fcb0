"""The recipe of lwl lite: where it starts, what it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ltr_ext.models.box2mask import Box2MaskNet
from ltr_ext.models.box2mask.config import LITE as BOX2MASK_LITE
from ltr_ext.train_settings.lwl import lite
from ltr_ext.weights import file_hash, save_network


@pytest.fixture(scope="module")
def box2mask_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    net = Box2MaskNet(BOX2MASK_LITE)
    net.backbone.fold_batch_norm()
    path = tmp_path_factory.mktemp("weights") / "box2mask-lite.safetensors"
    save_network(net, path)
    return path


def test_starts_from_box2mask_lite(box2mask_file: Path) -> None:
    net, start = lite.initial_network(box2mask_file)
    assert start == file_hash(box2mask_file)
    torch.manual_seed(5)
    source = Box2MaskNet(BOX2MASK_LITE)
    for name in ("target_features", "decoder"):
        mine, theirs = getattr(net, name).state_dict(), getattr(source, name).state_dict()
        assert all(torch.allclose(mine[key].float(), theirs[key].float(), atol=1e-3) for key in theirs), name


def test_starts_without_it(tmp_path: Path) -> None:
    net, start = lite.initial_network(tmp_path / "missing.safetensors")
    assert start == "imagenet"
    grouped = {id(p) for group in lite.parameter_groups(net) for p in group["params"]}
    trained = {id(p) for p in net.parameters() if p.requires_grad}
    assert grouped == trained
    assert not grouped & {id(p) for p in net.backbone.parameters()}


def test_learning_rate() -> None:
    total = lite.EPOCHS * lite.ITERATIONS_PER_EPOCH
    factors = [lite.learning_rate_factor(i) for i in (0, lite.WARM_UP, total // 2, total)]
    assert factors[0] == pytest.approx(1 / lite.WARM_UP)
    assert factors[1] == pytest.approx(1) and 0.3 < factors[2] < 0.7 and factors[3] == pytest.approx(0.01)
