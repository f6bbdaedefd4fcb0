"""An interrupted training ends with the same bits as one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_training import BATCHES, Accident, build_trainer

from ltr_ext.errors import UserError, run_command
from ltr_ext.trainers.checkpoint import OLDER_FORMAT, Checkpoint, read_checkpoint, write_checkpoint
from ltr_ext.trainers.options import RunOptions
from ltr_ext.trainers.state import check_fingerprint
from ltr_ext.trainers.trainer import Box2MaskTrainer

SCRIPT = Path(__file__).with_name("tiny_training.py")
REPOSITORY = Path(__file__).resolve().parents[3]
EPOCHS = 2
FOLDER = "checkpoints/ltr/tiny/test"
LAST = f"{FOLDER}/TinyNet_{EPOCHS * BATCHES:08d}.safetensors"


def _run(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPT), str(workspace), "--epochs", str(EPOCHS), *arguments]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The bits depend on the number of threads; as in the subprocesses."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def uninterrupted(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """All tensors at the end: weights, buffers, Adam state, random generator."""
    workspace = tmp_path_factory.mktemp("uninterrupted")
    build_trainer(RunOptions(workspace=workspace)).train(EPOCHS)
    return load_file(workspace / LAST)


def _assert_same_bits(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    assert found.keys() == wanted.keys()
    different = [name for name in wanted if not torch.equal(found[name], wanted[name])]
    assert not different
    assert {"net.body.0.weight", "net.body.1.running_var", "optimizer.0.exp_avg", "rng.torch"} <= wanted.keys()
    assert "net.frozen.weight" not in wanted


def test_after_kill_9_in_the_middle_of_an_epoch(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    killed = _run(tmp_path, "--accident", "kill", "--iteration", "8")
    assert killed.returncode == -9, killed.stderr
    names = sorted(path.name for path in (tmp_path / FOLDER).glob("*.safetensors"))
    assert names == ["TinyNet_00000005.safetensors", "TinyNet_00000006.safetensors", "TinyNet_best.safetensors"]
    build_trainer(RunOptions(workspace=tmp_path)).train(EPOCHS)
    assert "epoch 2, iteration 6" in capsys.readouterr().out
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


def test_sigterm_stops_cleanly(tmp_path: Path, uninterrupted: dict[str, torch.Tensor]) -> None:
    """With a data worker, which makes the loader draw from the generators, and must not be in the way of the end."""
    stopped = _run(tmp_path, "--accident", "terminate", "--iteration", "3", "--workers", "1")
    assert stopped.returncode == 130, stopped.stderr
    path = tmp_path / FOLDER / "TinyNet_00000003.safetensors"
    assert f"checkpoint {path}" in stopped.stdout and path.is_file(), "the iteration was finished"
    assert "Traceback" not in stopped.stderr
    build_trainer(RunOptions(workspace=tmp_path), workers=1).train(EPOCHS)
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


def test_ctrl_c_stops_cleanly(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path), Accident("interrupt", 3))
    assert run_command(lambda: trainer.train(EPOCHS)) == 130
    assert "TinyNet_00000003.safetensors; the same command goes on from there" in capsys.readouterr().out
    build_trainer(RunOptions(workspace=tmp_path)).train(EPOCHS)
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


def test_a_stop_after_every_single_batch(tmp_path: Path, uninterrupted: dict[str, torch.Tensor]) -> None:
    """Of training and validation, so also between loaders and between epochs."""
    stops = 0
    while True:
        trainer = build_trainer(RunOptions(workspace=tmp_path))
        trainer.actor = _StoppingActor(trainer)
        try:
            trainer.train(EPOCHS)
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == EPOCHS * 2 * BATCHES
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


class _StoppingActor:
    """The trainer's actor, with a Ctrl-C in every call."""

    def __init__(self, trainer: Box2MaskTrainer) -> None:
        self._actor = trainer.actor

    def __call__(self, data: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return self._actor(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._actor, name)


def test_iteration_limit_then_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_trainer(RunOptions(workspace=tmp_path, max_iterations=3)).train(EPOCHS)
    assert "stopped after 3 iterations, as asked" in capsys.readouterr().out
    for limit in (3, 2):
        build_trainer(RunOptions(workspace=tmp_path, max_iterations=limit)).train(EPOCHS)
        out = capsys.readouterr().out
        assert f"nothing to do: has 3 iterations already, --max-iterations is {limit}; " in out
        assert "stopped" not in out
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    trainer.train(1)
    assert "epoch 1, iteration 3" in capsys.readouterr().out
    assert trainer.iteration == BATCHES


def test_a_finished_run_does_nothing_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()}
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()}
    assert "trained 1 epoch, 5 iterations; " in capsys.readouterr().out


def test_one_iteration_is_no_plural(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_trainer(RunOptions(workspace=tmp_path, max_iterations=1)).train(EPOCHS)
    assert "stopped after 1 iteration, as asked" in capsys.readouterr().out


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    with pytest.raises(UserError, match=r"seed was 0, is now 1.*--fresh"):
        build_trainer(RunOptions(workspace=tmp_path, seed=1)).train(1)
    with pytest.raises(UserError, match=r"side was 8, is now 'not set'"):
        build_trainer(RunOptions(workspace=tmp_path), fingerprint={"seed": 0}).train(1)


def test_all_that_differs_is_named(tmp_path: Path) -> None:
    saved = {"model": {f"field{number}": number for number in range(10)}, "rates": {"decoder": 1e-3}, "seed": 0}
    now = {"model": {f"field{number}": -1 for number in range(10)}, "rates": 2e-5, "seed": 0}
    with pytest.raises(UserError) as caught:
        check_fingerprint(saved, now, tmp_path)
    assert "model.field0 was 0, is now -1; model.field1 was 1, is now -1" in str(caught.value)
    assert "; also model.field8, model.field9, rates, rates.decoder); start anew" in str(caught.value)


def test_a_run_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    path = tmp_path / FOLDER / "TinyNet_00000005.safetensors"
    found = read_checkpoint(path)
    write_checkpoint(path, Checkpoint(found.tensors, found.header | {"format": OLDER_FORMAT}))
    with pytest.raises(UserError, match=r"made by an earlier version, which .*: finish .*, or start anew with --fresh"):
        build_trainer(RunOptions(workspace=tmp_path)).train(2)


def test_other_frozen_weights_are_refused(tmp_path: Path) -> None:
    trainer = build_trainer(RunOptions(workspace=tmp_path))
    trainer.train(1)
    other = build_trainer(RunOptions(workspace=tmp_path))
    other.fingerprint = other.fingerprint | {"frozen": "0123456789abcdef"}
    with pytest.raises(UserError, match="frozen was"):
        other.train(2)


def test_fresh_sets_the_old_run_aside(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path)).train(1)
    old = (tmp_path / FOLDER / "TinyNet_00000005.safetensors").read_bytes()
    trainer = build_trainer(RunOptions(workspace=tmp_path, seed=1, fresh=True))
    trainer.train(1)
    assert trainer.iteration == BATCHES
    aside = tmp_path / (FOLDER + ".old-1")
    assert (aside / "TinyNet_00000005.safetensors").read_bytes() == old
    assert (tmp_path / FOLDER / "TinyNet_00000005.safetensors").read_bytes() != old
    assert (tmp_path / "tensorboard/ltr/tiny/test.old-1").is_dir()


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_trainer(RunOptions(workspace=tmp_path), Accident("interrupt", 7)).train(EPOCHS)
    damaged = tmp_path / FOLDER / "TinyNet_00000007.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    build_trainer(RunOptions(workspace=tmp_path)).train(EPOCHS)
    out = capsys.readouterr().out
    assert (
        f"warning: checkpoint {damaged}: damaged" in out
        and "; set aside as TinyNet_00000007.damaged, going on from TinyNet_00000006" in out
    )
    assert "epoch 2, iteration 6" in out
    assert damaged.with_suffix(".damaged").is_file() and not damaged.exists()
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


def test_one_wrong_bit_is_not_resumed_from(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    build_trainer(RunOptions(workspace=tmp_path, max_iterations=4)).train(EPOCHS)
    spoilt = tmp_path / FOLDER / "TinyNet_00000004.safetensors"
    content = bytearray(spoilt.read_bytes())
    content[-50] ^= 1
    spoilt.write_bytes(content)
    build_trainer(RunOptions(workspace=tmp_path)).train(EPOCHS)
    out = capsys.readouterr().out
    assert out.count("set aside as TinyNet_00000004.damaged, going on from TinyNet_00000002.safetensors") == 1
    assert "epoch 1, iteration 2" in out
    _assert_same_bits(load_file(tmp_path / LAST), uninterrupted)


def test_only_damaged_checkpoints(tmp_path: Path) -> None:
    build_trainer(RunOptions(workspace=tmp_path, max_iterations=2)).train(1)
    for path in (tmp_path / FOLDER).glob("*.safetensors"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"damaged.*--fresh"):
        build_trainer(RunOptions(workspace=tmp_path)).train(1)
