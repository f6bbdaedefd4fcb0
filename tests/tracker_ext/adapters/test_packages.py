"""Packages and weights of other projects: found, or named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ltr_ext.errors import UserError
from ltr_ext.paths import SETTINGS_VARIABLE
from tracker_ext.adapters.packages import Origin, fill, find_weights, read_state, replaced, require, untrained

ORIGIN = Origin(needed_for="x default", package="no-such-package", weights="x.pth", source="example.org")


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"x default: needs the package no-such-package \(No module .*pip install"):
        require(ORIGIN, "json", "no_such_module_of_ours")
    assert require(ORIGIN, "json")[0].loads("1") == 1


def test_weights_are_those_named_or_those_in_their_place(tmp_path, monkeypatch):
    settings = tmp_path / "paths.toml"
    settings.write_text('pretrained_dir = "nets"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(settings))
    with pytest.raises(UserError, match=r"no weights; get x.pth from example.org .*--weights FILE"):
        find_weights(ORIGIN, ())
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "x.pth").touch()
    assert find_weights(ORIGIN, ()) == tmp_path / "nets" / "x.pth"
    (tmp_path / "other").touch()
    assert find_weights(ORIGIN, (tmp_path / "other",)) == tmp_path / "other"
    with pytest.raises(UserError, match="takes one file"):
        find_weights(ORIGIN, (tmp_path / "other", tmp_path / "third"))


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"model": s}, lambda s: {"module." + k: v for k, v in s.items()}]
)
def test_tensors_are_found_in_larger_files(tmp_path, wrap):
    net = nn.Linear(2, 3)
    path = tmp_path / "net.pth"
    torch.save(wrap(net.state_dict()), path)
    other = nn.Linear(2, 3)
    fill(other, read_state(path, "model"), path)
    assert torch.equal(other.weight, net.weight)


class Harm:
    """Would run code when it is read."""

    def __reduce__(self):
        return (print, ("harm",))


@pytest.mark.parametrize("content", [b"", b"text", Harm(), {"a": 1}, [torch.ones(1)]], ids=str)
def test_other_files_are_refused_and_nothing_is_run(tmp_path, content, capsys):
    path = tmp_path / "net.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(UserError, match=r"net\.pth (cannot be read|hold no tensors)"):
        read_state(path)
    assert "harm" not in capsys.readouterr().out
    with pytest.raises(UserError, match="cannot be read"):
        read_state(Path("nowhere.pth"))


def test_weights_of_another_network_are_refused():
    net = nn.Linear(2, 3)
    state = net.state_dict()
    with pytest.raises(UserError, match="1 tensors missing, first bias; 1 too many, first head"):
        fill(net, {"weight": state["weight"], "head": torch.ones(1)}, Path("a.pth"))
    with pytest.raises(UserError, match=r"of another network .*size mismatch"):
        fill(net, {"weight": torch.ones(9, 9), "bias": state["bias"]}, Path("a.pth"))
    fill(net, {**state, "spare.x": torch.ones(1)}, Path("a.pth"), spare=("spare.",))


def test_replaced_and_untrained():
    def make(pretrained=True, width=1):
        return pretrained, width

    def modern(weights=None, width=1):
        return weights, width

    owner = nn.Identity()
    owner.make = make
    with replaced(owner, "make", untrained(make)):
        assert owner.make(pretrained=True, width=2) == (False, 2)
    assert owner.make is make
    assert untrained(modern)(weights="download", width=2) == (None, 2)
