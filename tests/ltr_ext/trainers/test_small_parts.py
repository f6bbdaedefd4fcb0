"""Batches, random generators, options, worker start."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ltr_ext.errors import UserError
from ltr_ext.trainers import signals
from ltr_ext.trainers.batches import ResumableBatchSampler
from ltr_ext.trainers.options import RunOptions, begin_run, set_run_options
from ltr_ext.trainers.rng import capture_rng, restore_rng, seed_all


@pytest.mark.parametrize(
    ("num_samples", "drop_last", "start", "batches"),
    [
        pytest.param(4, False, 0, [[0, 1], [2, 3]], id="even"),
        pytest.param(5, False, 0, [[0, 1], [2, 3], [4]], id="smaller last batch"),
        pytest.param(5, True, 0, [[0, 1], [2, 3]], id="without it"),
        pytest.param(5, False, 2, [[4]], id="from the middle"),
        pytest.param(4, False, 2, [], id="nothing left"),
    ],
)
def test_batches(num_samples: int, drop_last: bool, start: int, batches: list[list[int]]) -> None:
    sampler = ResumableBatchSampler(num_samples, 2, drop_last)
    sampler.start_batch = start
    assert list(sampler) == batches
    assert [sampler.size_of(start + i) for i in range(len(batches))] == [len(batch) for batch in batches]
    assert len(sampler) == start + len(batches), "of the whole epoch"


@pytest.mark.parametrize(("num_samples", "batch_size", "drop_last"), [(0, 2, False), (1, 2, True), (4, 0, False)])
def test_no_batches(num_samples: int, batch_size: int, drop_last: bool) -> None:
    with pytest.raises(ValueError, match="no batch"):
        ResumableBatchSampler(num_samples, batch_size, drop_last)


def _draw() -> list[float]:
    # an odd number of normal values leaves a spare one in the generators
    old_numpy = [np.random.normal(), np.random.rand()]  # noqa: NPY002
    return [random.gauss(0, 1), torch.randn(1).item(), random.random(), *old_numpy]


def test_generators_go_on_where_they_were() -> None:
    seed_all(3)
    _draw()
    state = capture_rng()
    expected = [_draw(), _draw()]
    seed_all(4)
    assert _draw() not in expected
    restore_rng(*state)
    assert [_draw(), _draw()] == expected


def test_options_reach_the_setting(tmp_path: Path) -> None:
    settings = SimpleNamespace(env=SimpleNamespace(workspace_dir="old", tensorboard_dir="old/tensorboard"))
    set_run_options(RunOptions(workspace=tmp_path, seed=5))
    assert begin_run(settings).seed == 5
    first = torch.rand(1)
    begin_run(settings)
    assert torch.equal(torch.rand(1), first), "seeded"
    assert settings.env.workspace_dir == str(tmp_path)
    assert settings.env.tensorboard_dir == str(tmp_path / "tensorboard")
    set_run_options(RunOptions())
    settings.env.workspace_dir = "own"
    begin_run(settings)
    assert settings.env.workspace_dir == "own", "without the option, that of settings/ stays"


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300, "a\0b"])
def test_a_workspace_that_cannot_be_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    settings = SimpleNamespace(env=SimpleNamespace(workspace_dir="", tensorboard_dir=""), use_gpu=False)
    set_run_options(RunOptions(workspace=tmp_path / name))
    try:
        with pytest.raises(UserError, match=r"workspace .* cannot be written to .*; choose another --workspace"):
            begin_run(settings)
    finally:
        set_run_options(RunOptions())


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**32}, {"max_iterations": 0}])
def test_options_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(UserError, match=str(next(iter(wrong.values())))):
        RunOptions(**wrong)


@pytest.fixture
def usual_ctrl_c():
    """Python's own handler: a shell that starts the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_second_signal_is_not_held_back(usual_ctrl_c) -> None:
    with signals.StopRequest() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is usual_ctrl_c


def test_workers_leave_ctrl_c_to_the_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    installed, called = {}, []
    monkeypatch.setattr(signals.signal, "signal", lambda number, handler: installed.update({number: handler}))
    signals.init_worker(called.append, 3)
    assert installed == {signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: signal.SIG_DFL} and called == [3]
