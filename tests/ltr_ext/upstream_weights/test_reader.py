"""Files of pytracking are read, and nothing in them is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from upstream_networks import write_checkpoint

from ltr_ext.errors import UserError
from ltr_ext.paths import REPOSITORY
from ltr_ext.upstream_weights import reader, writer
from ltr_ext.weights import load_network

REPOSITORY = REPOSITORY


class Bomb:
    """Unpickling it runs a command that leaves a file."""

    def __init__(self, target: Path, how: str) -> None:
        self.target, self.how = target, how

    def __reduce__(self):
        command = f"touch {self.target}"
        return {
            "os.system": (os.system, (command,)),
            "subprocess": (subprocess.call, (["touch", str(self.target)],)),
            "eval": (eval, (f"open({str(self.target)!r}, 'w')",)),
            "open": (open, (str(self.target), "w")),
        }[self.how]


def small_state() -> dict[str, torch.Tensor]:
    return {"feature_extractor.conv1.weight": torch.arange(4.0), "target_model.x": torch.ones(2)}


@pytest.mark.parametrize("how", ["os.system", "subprocess", "eval", "open"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "older format"])
@pytest.mark.parametrize("place", ["in the network", "beside it"])
def test_a_file_that_wants_to_run_something_is_refused(tmp_path, how, zipped, place):
    target = tmp_path / "executed"
    bomb = Bomb(target, how)
    content = {"net": small_state(), "constructor": None} | ({"stats": bomb} if place == "beside it" else {"net": bomb})
    path = tmp_path / "sta.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match="nothing was executed") as refusal:
        load_network(path)
    assert "\n" not in str(refusal.value)
    assert not target.exists()


def test_code_in_a_class_of_pytracking_is_not_run(tmp_path):
    """A class of that name that would do harm is neither imported nor called."""
    with writer._known_as("ltr.admin.model_constructor"):
        torch.save({"constructor": writer.NetConstructor("os", {"command": "touch x"})}, tmp_path / "a.pth")
    before = set(sys.modules)
    content = reader.read_checkpoint(tmp_path / "a.pth")
    assert isinstance(content["constructor"], reader.Inert)
    assert not isinstance(content["constructor"], writer.NetConstructor)
    assert content["constructor"].kwds == {"command": "touch x"}
    assert not {name for name in set(sys.modules) - before if name.startswith(("ltr.", "pytracking."))}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "older format"])
def test_tensors_numbers_and_objects_come_back(tmp_path, zipped):
    path = tmp_path / "a.pth"
    with writer._known_as("ltr.admin.model_constructor"):
        content = {
            "net": small_state(), "epoch": 80, "stats": {"loss": np.float64(1.5), "history": np.arange(3)},
            "constructor": writer.NetConstructor("ltr.models.x", {"filter_size": 3}),
        }  # fmt: skip
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found = reader.read_checkpoint(path)
    assert found["epoch"] == 80
    state = reader.network_state(found, path)
    assert list(state) == list(small_state())
    assert torch.equal(state["feature_extractor.conv1.weight"], torch.arange(4.0))
    assert reader.constructor_arguments(found, ("filter_size",), path) == {"filter_size": 3}


def test_names_allowed_before_do_not_count_and_are_allowed_again(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"net": Bomb(tmp_path / "executed", "open")}, path)
    torch.serialization.add_safe_globals([(open, "io.open")])
    try:
        with pytest.raises(UserError, match="nothing was executed"):
            reader.read_checkpoint(path)
        assert (open, "io.open") in torch.serialization.get_safe_globals()
    finally:
        torch.serialization._weights_only_unpickler._remove_safe_globals([(open, "io.open")])
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "older format"])
def test_a_truncated_file_is_refused(tmp_path, zipped):
    whole, cut = tmp_path / "whole.pth", tmp_path / "cut.pth"
    torch.save({"net": small_state()}, whole, _use_new_zipfile_serialization=zipped)
    content = whole.read_bytes()
    for size in (0, 1, 10, 100, len(content) // 2, len(content) - 2):
        cut.write_bytes(content[:size])
        with pytest.raises(UserError, match="damaged or no weight file" if size else "empty file") as refusal:
            load_network(cut)
        assert "\n" not in str(refusal.value), size


@pytest.mark.parametrize("content", [b"no pickle at all, but a line of text\n", b"\x80\x02", bytes(range(256)) * 8])
def test_what_is_no_pickle_is_refused(tmp_path, content):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged or no weight file"):
        load_network(path)


def test_other_content_is_refused(tmp_path):
    path = tmp_path / "a.pth"
    torch.save([1, 2], path)
    with pytest.raises(UserError, match="hold a list, not a checkpoint"):
        load_network(path)
    torch.save({"state_dict": small_state()}, path)
    with pytest.raises(UserError, match="hold no network 'net'"):
        load_network(path)
    torch.save({"net": {"fc.weight": torch.ones(2)}, "net_type": "ATOMnet"}, path)
    with pytest.raises(UserError, match=r"another network \(ATOMnet, first tensor fc\.weight\)"):
        load_network(path)
    torch.save({"net": small_state()}, path)
    with pytest.raises(UserError, match="do not say how their network was built"):
        load_network(path)
    write_checkpoint(path, small_state(), "lwl_stage2")
    with pytest.raises(UserError, match=r"tensor \S+ is missing"):
        load_network(path)
    with pytest.raises(UserError, match="do not exist"):
        load_network(tmp_path / "none.pth")


def test_the_command_ends_with_one_line_and_code_2(tmp_path):
    path = tmp_path / "sta.pth.tar"
    torch.save({"net": Bomb(tmp_path / "executed", "os.system")}, path)
    (tmp_path / "boxes.txt").write_text("1,1,5,5\n")
    (tmp_path / "frames").mkdir()
    cv2.imwrite(str(tmp_path / "frames/1.png"), np.zeros((32, 32, 3), np.uint8))
    done = subprocess.run(
        [sys.executable, "run_annotate.py", "video", str(tmp_path / "frames"), "--boxes", str(tmp_path / "boxes.txt"),
         "--out", str(tmp_path / "out"), "--weights", str(path)],
        cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "posix.system" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "executed").exists()


def test_a_network_built_around_itself_is_refused(tmp_path):
    around = reader.Inert()
    around.kwds, around.args = {"net": around}, ()
    around.constructor = around
    with pytest.raises(UserError, match="do not say how their network was built"):
        reader.constructor_arguments({"constructor": around}, ("filter_size",), tmp_path / "a.pth")
    around.kwds, around.args = {}, 7
    with pytest.raises(UserError, match="do not say how their network was built"):
        reader.constructor_arguments({"constructor": around}, ("filter_size",), tmp_path / "a.pth")
