"""Checkpoint files on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from ltr_ext.errors import UserError
from ltr_ext.tensor_files import to_bytes
from ltr_ext.trainers.checkpoint import Checkpoint, CheckpointFolder, read_checkpoint, set_aside, write_checkpoint

STATE = Checkpoint({"net.a": torch.arange(6.0).reshape(2, 3)}, {"iteration": 7, "lr": 0.1 + 0.2, "nothing": None})


def test_round_trip(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "new" / "a.safetensors", STATE)
    read = read_checkpoint(tmp_path / "new" / "a.safetensors")
    assert torch.equal(read.tensors["net.a"], STATE.tensors["net.a"])
    assert {key: read.header[key] for key in STATE.header} == STATE.header, "floats to the last bit"


def test_the_same_state_gives_the_same_file(tmp_path: Path) -> None:
    state = Checkpoint({"b": torch.ones(3), "a": torch.zeros(2, dtype=torch.int64)}, STATE.header)
    for name in ("a", "b"):
        write_checkpoint(tmp_path / f"{name}.safetensors", state)
    content = (tmp_path / "a.safetensors").read_bytes()
    assert content == (tmp_path / "b.safetensors").read_bytes()
    assert content[8:9] == b"{" and (8 + int.from_bytes(content[:8], "little")) % 8 == 0


def test_tensors_that_share_memory(tmp_path: Path) -> None:
    tied = torch.ones(3)
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint({"a": tied, "b": tied}, {}))
    assert torch.equal(read_checkpoint(tmp_path / "a.safetensors").tensors["b"], tied)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(lambda whole: whole[:-5], "damaged", id="truncated data"),
        pytest.param(lambda whole: whole[:20], "damaged", id="truncated header"),
        pytest.param(lambda whole: b"", "damaged", id="empty"),
        pytest.param(lambda whole: b"\x80\x04" + whole, "damaged", id="something else"),
        pytest.param(
            lambda whole: whole.replace(b"training/1", b"training/9"), "not a training checkpoint", id="version"
        ),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, STATE)
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("boxes.txt", b"10,20,30,40\n" * 20, "no checkpoint of run_training.py; name a", id="boxes"),
        pytest.param("net.pth", b"PK\x03\x04 and so on", "no checkpoint of run_training.py; name a", id="PyTorch's"),
        pytest.param("a.safetensors", to_bytes({}, {"format": "box2mask-1"}), "a weight file already", id="weights"),
        pytest.param("a.safetensors", to_bytes({}, {"format": "pt"}), "not a training checkpoint", id="foreign"),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_checkpoint(tmp_path / name)
    assert f"checkpoint {tmp_path / name}: {message}" in str(caught.value)
    assert "damaged" not in str(caught.value) and "delete" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder; check the path"):
        read_checkpoint(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        read_checkpoint(tmp_path / "a.safetensors")


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, STATE)
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UserError, match="No space left on device"):
        write_checkpoint(path, Checkpoint({"net.a": torch.zeros(9)}, {"iteration": 8}))
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.json", "a.safetensors"]


def test_the_oldest_go_and_the_best_stays(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, "Net", keep_last=2)
    for iteration in range(1, 5):
        folder.save(iteration, Checkpoint({}, {"iteration": iteration}), best=iteration in (1, 2))
    folder.save(4, Checkpoint({}, {"iteration": 4}), best=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Net_00000003.json",
        "Net_00000003.safetensors",
        "Net_00000004.json",
        "Net_00000004.safetensors",
        "Net_best.json",
        "Net_best.safetensors",
    ]
    assert read_checkpoint(folder.best).header["iteration"] == 2


def test_the_best_survives_a_new_file_of_its_number(tmp_path: Path) -> None:
    """The best may be a second name of the numbered file; overwriting that must not change it."""
    folder = CheckpointFolder(tmp_path, "Net", keep_last=2)
    folder.save(1, Checkpoint({}, {"note": "best"}), best=True)
    folder.save(1, Checkpoint({}, {"note": "later"}))
    assert read_checkpoint(folder.best).header["note"] == "best"
    folder.save(1, Checkpoint({}, {"note": "again"}), best=True)
    assert read_checkpoint(folder.best).header["note"] == "again"


def test_no_checkpoint_yet(tmp_path: Path) -> None:
    assert CheckpointFolder(tmp_path / "nowhere", "Net", keep_last=2).latest() is None


def test_set_aside_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert set_aside(folder) is None
    for number in (1, 2):
        folder.mkdir()
        assert set_aside(folder) is None, "an empty one stays"
        (folder / f"file{number}").touch()
        assert set_aside(folder) == tmp_path / f"run.old-{number}"
    assert (tmp_path / "run.old-1/file1").exists() and (tmp_path / "run.old-2/file2").exists()
