"""The plain trainer: it learns, keeps statistics, and goes on from its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from ltr.actors import BaseActor
from ltr.admin.settings import Settings
from ltr.data import LTRLoader
from ltr.trainers import LTRTrainer
from pytracking import TensorDict


class Line(BaseActor):
    """Fits y = 2 x."""

    def __call__(self, data: Any) -> tuple[torch.Tensor, dict[str, float]]:
        assert data["epoch"] >= 1 and data["settings"].project_path == "ltr/tiny/line"
        loss = self.objective(self.net(data["x"]), 2 * data["x"])
        return loss, {"Loss/total": loss.item()}


def _trainer(workspace: Path) -> LTRTrainer:
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "tiny", "line", "ltr/tiny/line"
    settings.env.workspace_dir = str(workspace)
    settings.env.tensorboard_dir = str(workspace / "tensorboard")
    torch.manual_seed(0)
    net = torch.nn.Linear(1, 1)
    samples = [TensorDict(x=torch.tensor([float(i)])) for i in range(4)]
    loaders = [
        LTRLoader("train", samples, batch_size=2),
        LTRLoader("val", samples, training=False, epoch_interval=2, batch_size=2),
    ]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    return LTRTrainer(Line(net, torch.nn.functional.mse_loss), loaders, optimizer, settings, schedule)


def test_it_learns_and_keeps_statistics(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    trainer.train(4, fail_safe=False)
    losses = trainer.stats["train"]["Loss/total"].history
    assert len(losses) == 4 and losses[-1] < losses[0] / 2
    assert len(trainer.stats["val"]["Loss/total"].history) == 2, "every second epoch"
    assert trainer.stats["train"]["LearningRate/group0"].history == pytest.approx([0.05 * 0.9**i for i in range(4)])
    assert torch.is_grad_enabled()
    assert list((tmp_path / "tensorboard/ltr/tiny/line/train").glob("events*"))


def test_it_goes_on_from_the_latest_checkpoint(tmp_path: Path) -> None:
    whole = _trainer(tmp_path / "whole")
    whole.train(3)
    _trainer(tmp_path / "parts").train(2)
    second = _trainer(tmp_path / "parts")
    second.train(3, load_latest=True)
    assert second.epoch == 3
    assert torch.equal(second.actor.net.weight, whole.actor.net.weight)
    assert [path.name for path in sorted((tmp_path / "parts/checkpoints/ltr/tiny/line").iterdir())] == [
        f"Linear_ep000{epoch}.pth.tar" for epoch in (1, 2, 3)
    ]


def test_an_error_that_comes_again_is_raised(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    trainer.actor.objective = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        trainer.train(1, fail_safe=True)
