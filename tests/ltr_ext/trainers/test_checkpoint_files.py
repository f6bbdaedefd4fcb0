"""Checkpoint files on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ltr_ext.errors import UserError
from ltr_ext.tensor_files import to_bytes
from ltr_ext.trainers.checkpoint import (
    FORMAT,
    OLDER_FORMAT,
    Checkpoint,
    CheckpointFolder,
    read_checkpoint,
    set_aside,
    write_checkpoint,
)

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
            lambda whole: whole.replace(b"training/2", b"training/9"), "damaged .*checksum", id="another version"
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


def _flipped(content: bytes, position: int, change: int) -> bytes:
    return content[:position] + bytes([content[position] ^ change]) + content[position + 1 :]


def _read_or_complaint(path: Path) -> Checkpoint | str:
    try:
        return read_checkpoint(path)
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("change", [0x01, 0x20, 0x80, 0xFF])
def test_no_changed_byte_goes_unnoticed(tmp_path: Path, change: int) -> None:
    """Of the whole file: either it is refused, or nothing but padding has changed."""
    path = tmp_path / "a.safetensors"
    state = Checkpoint({"net.a": torch.arange(6.0), "rng": torch.arange(5, dtype=torch.uint8)}, STATE.header)
    write_checkpoint(path, state)
    whole, content = read_checkpoint(path), path.read_bytes()
    unnoticed = []
    for position in range(len(content)):
        path.write_bytes(_flipped(content, position, change))
        read = _read_or_complaint(path)
        if isinstance(read, str):
            assert "\n" not in read and str(path) in read
            continue
        unnoticed.append(position)
        assert read.header == whole.header and read.tensors.keys() == whole.tensors.keys()
        assert all(torch.equal(read.tensors[name], tensor) for name, tensor in whole.tensors.items())
    assert all(content[position : position + 1] == b" " for position in unnoticed)


def test_an_older_checkpoint_has_no_digest_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    header = json.dumps({"format": OLDER_FORMAT, "iteration": 7})
    save_file(STATE.tensors, path, metadata={"box2mask": header})
    assert read_checkpoint(path).header["iteration"] == 7
    save_file(STATE.tensors, path, metadata={"box2mask": header.replace(OLDER_FORMAT, FORMAT)})
    with pytest.raises(UserError, match="checksum"):
        read_checkpoint(path)


@pytest.mark.parametrize("header", ["[]", "7", "null", "{", "[" * 100_000, '{"format": 3}', '{"format": []}'])
def test_a_header_of_something_else(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(to_bytes({}, {"box2mask": header}))
    with pytest.raises(UserError) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_one_is_set_aside_and_the_best_is_the_last_resort(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, "Net", keep_last=2)
    for iteration in range(1, 4):
        folder.save(iteration, Checkpoint({"a": torch.ones(3)}, {"iteration": iteration}), best=iteration == 1)
    paths = [*folder.numbered(), folder.best]
    for later, path in enumerate(paths):
        found = folder.latest()
        assert found is not None and found[0] == path
        assert found[1].header["iteration"] == 3 - later
        assert [path.name for path in tmp_path.glob("*.damaged")] == [paths[later - 1].stem + ".damaged"] * (later > 0)
        if later:
            (complaint,) = found[2]
            assert f"{paths[later - 1]}: damaged" in complaint and complaint.endswith(f"going on from {path.name}")
        for old in tmp_path.glob("*.damaged"):
            old.unlink()
        content = path.read_bytes()
        path.write_bytes(_flipped(content, len(content) - 1, 0x01))
    with pytest.raises(UserError, match=r"damaged .*no other in .* is whole: start anew with --fresh"):
        folder.latest()
    assert folder.best.is_file(), "stays in the way of a silent start from scratch"
    folder.best.rename(folder.best.with_suffix(".damaged"))
    with pytest.raises(UserError, match="was damaged, and there is no other: start anew with --fresh"):
        folder.latest()


def test_what_is_no_checkpoint_is_not_set_aside(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, "Net", keep_last=2)
    folder.save(1, Checkpoint({}, {"iteration": 1}))
    (tmp_path / "Net_00000002.safetensors").write_bytes(to_bytes({}, {"format": "box2mask-1"}))
    with pytest.raises(UserError, match="a weight file already"):
        folder.latest()
    assert (tmp_path / "Net_00000002.safetensors").is_file()
