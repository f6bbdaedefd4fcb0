"""One epoch through the host's own trainer and loader, its checkpoint, and going on from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ltr.actors import BaseActor
from ltr.admin.settings import Settings
from ltr.data import LTRLoader
from ltr.trainers import LTRTrainer
from pytracking import TensorDict

from ltr_ext.paths import SETTINGS_VARIABLE

PATH = "ltr/mini/line"


class Line(torch.nn.Module):
    """y = a x."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.slope * x


class Points(torch.utils.data.Dataset):
    """x [T=2, 3] and y = 2 x, the same whenever asked for the same index."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        x = torch.arange(6.0).reshape(2, 3) + index
        return TensorDict(x=x, y=2 * x, name=f"line {index}")


class LineActor(BaseActor):
    """Squared error."""

    seen: list | None = None

    def __call__(self, data):
        if self.seen is not None:
            self.seen.append(data)
        loss = (self.net(data["x"]) - data["y"]).square().mean()
        return loss, {"Loss/total": loss.item()}


@pytest.fixture
def trainer(monkeypatch, tmp_path):
    """`trainer()`: a new network and its trainer, all with the same workspace."""
    (tmp_path / "paths.toml").write_text('workspace_dir = "work"\n')
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "paths.toml"))

    def make() -> LTRTrainer:
        run = Settings()
        run.module_name, run.script_name, run.project_path = "mini", "line", PATH
        run.print_interval = 100
        run.use_gpu = False
        net = Line()
        loaders = [
            LTRLoader("train", Points(), training=True, batch_size=4, shuffle=False, stack_dim=1, drop_last=True),
            LTRLoader("val", Points(), training=False, batch_size=4, stack_dim=1),
        ]
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
        return LTRTrainer(LineActor(net, None), loaders, optimizer, run, scheduler)

    return make


def test_an_epoch_trains_validates_and_saves(trainer, tmp_path):
    run = trainer()
    run.actor.seen = []
    run.train(1, load_latest=False, fail_safe=False)
    batch = run.actor.seen[0]
    assert batch["x"].shape == (2, 4, 3), "stack_dim=1: [frames, sequences, ...]"
    assert list(batch["name"]) == [f"line {i}" for i in range(4)]
    assert batch["epoch"] == 1
    assert len(run.actor.seen) >= 4, "two batches of training, two of validation"
    assert run.actor.net.slope.item() > 0
    assert run.optimizer.param_groups[0]["lr"] == pytest.approx(5e-4), "the scheduler steps once per epoch"
    assert sorted(path.name for path in (tmp_path / "work" / "checkpoints" / PATH).iterdir()) == ["Line_ep0001.pth.tar"]
    assert list((tmp_path / "work" / "tensorboard" / PATH).rglob("events*"))


def test_a_second_run_goes_on_from_the_checkpoint(trainer):
    first = trainer()
    first.train(1, load_latest=False, fail_safe=False)
    second = trainer()
    assert second.load_checkpoint()
    assert second.epoch == 1
    assert second.actor.net.slope.item() == first.actor.net.slope.item()
    second.train(2, load_latest=False, fail_safe=False)
    assert second.epoch == 2
    assert second.actor.net.slope.item() > first.actor.net.slope.item()


def test_the_loader_collates_numbers_strings_and_nested_containers():
    samples = [TensorDict(n=i, f=i / 2, s=str(i), t=TensorDict(a=torch.full((2,), float(i)))) for i in range(2)]
    (batch,) = LTRLoader("train", samples, batch_size=2, stack_dim=1)
    assert batch["n"].tolist() == [0, 1]
    assert batch["f"].tolist() == [0, 0.5]
    assert list(batch["s"]) == ["0", "1"]
    assert batch["t"]["a"].tolist() == [[0, 1], [0, 1]]


def test_workers_load_the_same_batches():
    batches = [list(LTRLoader("train", Points(), batch_size=4, stack_dim=1, num_workers=workers)) for workers in (0, 1)]
    for here, there in zip(*batches, strict=True):
        assert torch.equal(here["x"], there["x"])
        assert list(here["name"]) == list(there["name"])


def test_a_tree_for_checkpoints_is_not_the_hosts(trainer, tmp_path):
    """Everything written lands in the workspace of the settings."""
    assert Path(trainer().settings.env.workspace_dir) == tmp_path / "work"
