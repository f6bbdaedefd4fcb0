"""Two processes under torchrun train what one would, stop together and go on together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_training import BATCHES, SAMPLES, TinyData

from ltr_ext.distributed import share_of
from ltr_ext.errors import UserError
from ltr_ext.trainers.batches import ResumableBatchSampler
from ltr_ext.trainers.scores import merge

SCRIPT = Path(__file__).with_name("tiny_training.py")
REPOSITORY = Path(__file__).resolve().parents[3]
EPOCHS = 2
FOLDER = "checkpoints/ltr/tiny/test"
LAST = f"{FOLDER}/TinyNet_{EPOCHS * BATCHES:08d}.safetensors"


def run(workspace: Path, processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [
        sys.executable,
        *(launcher if processes > 1 else []),
        str(SCRIPT),
        str(workspace),
        "--epochs",
        str(EPOCHS),
        *arguments,
    ]
    return subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)


def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    """With batch statistics, and a loss that couples the samples of a batch."""
    ends = []
    for processes in (1, 2):
        workspace = tmp_path / str(processes)
        done = run(workspace, processes, "--dropout", "0", "--coupled")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("epoch 2/2") == 1, "process 0 alone prints"
        ends.append(load_file(workspace / LAST))
        assert len(list((workspace / "tensorboard/ltr/tiny/test/train").glob("events*"))) <= 1
    one, two = ends
    names = [name for name in one if name.startswith(("net.", "optimizer."))]
    assert "net.body.1.running_var" in names and "optimizer.0.exp_avg_sq" in names
    for name in names:
        torch.testing.assert_close(
            two[name], one[name], rtol=1e-4, atol=1e-6, msg=lambda text, name=name: f"{name} {text}"
        )


def test_killed_and_started_again(tmp_path: Path) -> None:
    """Bit-identical; with dropout, so that each process needs its own random numbers back."""
    whole = run(tmp_path / "whole", 2)
    assert whole.returncode == 0, whole.stderr
    assert run(tmp_path / "killed", 2, "--accident", "kill", "--iteration", "8", "--rank", "1").returncode != 0
    assert not (tmp_path / "killed" / LAST).exists()
    again = run(tmp_path / "killed", 2)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("epoch 2, iteration 6") == 1
    wanted, found = load_file(tmp_path / "whole" / LAST), load_file(tmp_path / "killed" / LAST)
    assert found.keys() == wanted.keys() and {"rng.torch", "rng1.torch"} <= wanted.keys()
    assert [name for name in wanted if not torch.equal(found[name], wanted[name])] == []
    assert not torch.equal(wanted["rng.torch"], wanted["rng1.torch"])


def test_a_signal_to_one_process_stops_both(tmp_path: Path) -> None:
    stopped = run(tmp_path, 2, "--accident", "terminate", "--iteration", "3", "--rank", "1")
    assert stopped.returncode != 0
    path = tmp_path / FOLDER / "TinyNet_00000003.safetensors"
    assert stopped.stdout.count(f"checkpoint {path}; the same command goes on") == 1 and path.is_file()
    assert "Traceback" not in stopped.stderr.split("elastic")[0]


def test_a_loss_that_is_not_finite_stops_both_and_is_reported_once(tmp_path: Path) -> None:
    stopped = run(tmp_path, 2, "--accident", "nan", "--iteration", "2", "--rank", "1")
    assert stopped.returncode != 0
    errors = [line for line in stopped.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "loss nan in epoch 1, batch 2 of 'train' (iteration 2), samples 3 to 3 (tiny/clip3)" in errors[0]


@pytest.mark.parametrize(("count", "size"), [(7, 3), (2, 4), (20, 4)])
def test_shares_are_disjoint_and_complete(count: int, size: int) -> None:
    shares = [share_of(count, rank, size) for rank in range(size)]
    assert [index for share in shares for index in share] == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_every_process_gets_its_share_of_each_batch() -> None:
    samplers = [ResumableBatchSampler(SAMPLES, 4, drop_last=False) for _ in range(3)]
    for rank, sampler in enumerate(samplers):
        sampler.share(rank, 3, "val", training=False)
    assert [list(sampler) for sampler in samplers] == [[[0], [4], [8]], [[1], [5], [8]], [[2, 3], [6, 7], [9]]]
    assert [[len(sampler.samples_of(batch)) for batch in range(3)] for sampler in samplers] == [
        [1, 1, 0], [1, 1, 1], [2, 2, 1],
    ]  # fmt: skip
    assert len(TinyData(0)) == SAMPLES


def test_unequal_shares_are_refused_in_training() -> None:
    with pytest.raises(UserError, match=r"'train': batches of 4 do not divide into 3 equal shares"):
        ResumableBatchSampler(8, 4).share(0, 3, "train", training=True)


def test_reports_are_weighted_by_their_samples() -> None:
    merged = merge([({"J": 0.5, "weak": 2.0}, 3), ({"J": 0.9}, 1), ({"J": 7.0}, 0)])
    assert merged == ({"J": pytest.approx(0.6), "weak": 2.0}, 4)
