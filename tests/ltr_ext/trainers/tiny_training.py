"""A training small enough for a test, with accidents on demand; also a script, so that it can be killed.

The network has all that makes exact resume hard: dropout (global random numbers), batch statistics, a frozen part,
channels-last weights, Adam state; the data come from (seed, epoch, index).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from ltr_ext import host
from ltr_ext.errors import run_command

host.resolve()

from ltr.admin.settings import Settings  # noqa: E402
from ltr.data import LTRLoader  # noqa: E402
from pytracking import TensorDict  # noqa: E402

from ltr_ext.actors.box2mask import Box2MaskActor  # noqa: E402
from ltr_ext.distributed import end_process, gather_batch  # noqa: E402
from ltr_ext.trainers.batches import ResumableBatchSampler  # noqa: E402
from ltr_ext.trainers.options import RunOptions, begin_run, set_run_options  # noqa: E402
from ltr_ext.trainers.trainer import Box2MaskTrainer, TrainerConfig  # noqa: E402

FRAMES, SIDE, SAMPLES, BATCH = 2, 8, 10, 2
BATCHES = SAMPLES // BATCH
"""Training iterations in an epoch."""


@dataclass(frozen=True)
class Accident:
    """What happens in the forward pass of one iteration, counted from 1 over the whole run."""

    kind: str = "none"
    """`kill`, `interrupt`, `terminate`, `nan`, or `none`."""
    iteration: int = 0
    rank: int | None = None
    """Number of the process under torchrun; None: in all."""


class TinyNet(nn.Module):
    """Images and boxes to two logit maps.

    Without dropout it has no bias in front of the batch statistics either: the gradient of such a bias is nothing but
    rounding, which Adam blows up to whole steps.
    """

    def __init__(self, accident: Accident | None = None, done: int = 0, dropout: float = 0.3) -> None:
        super().__init__()
        self.frozen = nn.Conv2d(3, 4, 3, padding=1).requires_grad_(False)
        self.body = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding=1, bias=dropout > 0), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(dropout)
        )
        self.head = nn.Conv2d(8, 2, 1)
        self.to(memory_format=torch.channels_last)
        self.accident = accident or Accident()
        self.calls = done

    def forward(self, images: Tensor, boxes: Tensor) -> SimpleNamespace:
        """Logits [T, B, H, W] for images [T, B, 3, H, W]."""
        factor = 1.0
        if self.training:
            self.calls += 1
            if self.calls == self.accident.iteration:
                factor = self._happen()
        maps = self.head(self.body(self.frozen(images.flatten(0, 1) / 255))) * factor
        maps = maps.unflatten(0, images.shape[:2])
        return SimpleNamespace(coarse=maps[:, :, 0], refined=maps[:, :, 1], final=maps[:, :, 1])

    def _happen(self) -> float:
        signals = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT, "terminate": signal.SIGTERM}
        if self.accident.rank not in (None, int(os.environ.get("RANK", "0"))):
            return 1.0
        if self.accident.kind == "nan":
            return float("nan")
        os.kill(os.getpid(), signals[self.accident.kind])
        return 1.0


class TinyData(torch.utils.data.Dataset):
    """Noise with a bright rectangle; the sample is a function of (seed, epoch, index)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> TensorDict:
        rng = np.random.default_rng([self.seed, self.epoch, index])
        masks = np.zeros((FRAMES, SIDE, SIDE), np.uint8)
        masks[:, 2:6, 1:5] = 1
        masks[:, 2, 1] = 255
        images = rng.integers(0, 100, (FRAMES, 3, SIDE, SIDE)) + 100 * (masks[:, None] == 1)
        return TensorDict(
            train_images=torch.from_numpy(images.astype(np.uint8)),
            train_masks=torch.from_numpy(masks),
            train_anno=torch.tensor([[1.0, 2.0, 4.0, 4.0]] * FRAMES),
            dataset="tiny",
            sequence=f"clip{index}",
        )


def objective(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy over the decided pixels."""
    known = masks != 255
    return nn.functional.binary_cross_entropy_with_logits(logits[known], masks[known].float())


def coupled_objective(logits: Tensor, masks: Tensor) -> Tensor:
    """One that is not a mean over samples."""
    logits, masks = gather_batch(logits, 0), gather_batch(masks, 0)
    return objective(logits, masks) ** 2 + logits.std()


def build_trainer(
    options: RunOptions,
    accident: Accident | None = None,
    *,
    workers: int = 0,
    done: int = 0,
    dropout: float = 0.3,
    loss: Callable[[Tensor, Tensor], Tensor] = objective,
    **config: object,
) -> Box2MaskTrainer:
    """A trainer of the tiny network; further keywords go to `TrainerConfig`."""
    set_run_options(options)
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "tiny", "test", "ltr/tiny/test"
    settings.use_gpu = False
    settings.grad_clip_max_norm = 1.0
    options = begin_run(settings)
    loaders = [
        LTRLoader(
            name,
            TinyData(options.seed + (name == "val")),
            training=name == "train",
            num_workers=workers,
            stack_dim=1,
            batch_sampler=ResumableBatchSampler(SAMPLES, BATCH),
        )
        for name in ("train", "val")
    ]
    net = TinyNet(accident, done, dropout)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
    schedule = LambdaLR(optimizer, lambda step: 0.5 ** (step // 4))
    defaults = {
        "fingerprint": {"seed": options.seed, "side": SIDE},
        "checkpoint_every": 2,
        "fresh": options.fresh,
        "max_iterations": options.max_iterations,
    }
    return Box2MaskTrainer(
        Box2MaskActor(net, loss), loaders, optimizer, settings, schedule, TrainerConfig(**(defaults | config))
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--accident", default="none")
    parser.add_argument("--iteration", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--rank", type=int)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--coupled", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    accident = Accident(args.accident, args.iteration, args.rank)
    loss = coupled_objective if args.coupled else objective
    build_trainer(
        RunOptions(workspace=args.workspace), accident, workers=args.workers, dropout=args.dropout, loss=loss
    ).train(args.epochs)


if __name__ == "__main__":
    code = run_command(main)
    end_process(code)
    sys.exit(code)
