"""Weight files of networks of cues: without the backbone that they share."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from miniatures.tiny_cues import tiny_cues, write_backbone
from safetensors.torch import load_file

from ltr_ext.config_check import config_from
from ltr_ext.errors import UserError
from ltr_ext.models.cues import CueConfig, CueNet
from ltr_ext.paths import SETTINGS_VARIABLE
from ltr_ext.upstream_weights.writer import save_upstream
from ltr_ext.weights import SHARED_BACKBONE, load_network, save_network


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "paths.toml").write_text('weights_dir = "weights"\n')
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))


@pytest.mark.parametrize("folder", ["weights", "elsewhere"])
def test_the_backbone_is_that_of_the_shared_file(tmp_path: Path, folder: str) -> None:
    """It lies beside the file, or in the folder of the settings."""
    write_backbone(tmp_path / "weights")
    net = tiny_cues("refine", "match").half().float()
    path = tmp_path / folder / "cues.safetensors"
    path.parent.mkdir(exist_ok=True)
    save_network(net, path)
    assert not [name for name in load_file(path) if name.startswith("backbone.")]
    loaded = load_network(path)
    assert isinstance(loaded, CueNet) and loaded.config == net.config and not loaded.training
    assert all(torch.equal(tensor, net.state_dict()[name]) for name, tensor in loaded.state_dict().items())


def test_without_the_shared_file_the_message_names_it(tmp_path: Path) -> None:
    save_network(tiny_cues("refine"), tmp_path / "cues.safetensors")
    with pytest.raises(UserError, match=f"need the backbone of .*{SHARED_BACKBONE}, which does not exist"):
        load_network(tmp_path / "cues.safetensors")


def test_another_backbone_is_refused(tmp_path: Path) -> None:
    write_backbone(tmp_path)
    net = tiny_cues("refine")
    next(net.backbone.parameters()).data += 0.1
    save_network(net, tmp_path / "cues.safetensors")
    with pytest.raises(UserError, match="were trained on another backbone"):
        load_network(tmp_path / "cues.safetensors")


def test_pytracking_has_no_such_network(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="CueNet has no counterpart in pytracking: export to"):
        save_upstream(tiny_cues("refine"), tmp_path / "cues.pth.tar")


def test_the_config_of_a_file_may_name_any_number_of_cues() -> None:
    for cues in ([], ["refine"], ["refine", "match"]):
        assert config_from(CueConfig, {"cues": cues}).cues == tuple(cues)
    for wrong in ("refine", [1], None):
        with pytest.raises(ValueError, match="cues"):
            config_from(CueConfig, {"cues": wrong})
